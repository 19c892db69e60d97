// One end of a job speaks to the other, which is not here (yet): both are honest, and nobody is warned of them.
import { expect, test } from 'bun:test'
import type { Fields, Log } from '../../src/engine/base/log.ts'
import { ofJob } from '../../src/engine/storage/store.conformance.ts'
import { scriptedRunner } from '../fakes/scripted-runner.ts'
import { away, back, calm, script, whole } from './resuming.ts'
import { World } from './world.ts'

type Line = { level: string; event: string; fields: Fields | undefined }

const world = async () => {
  const lines: Line[] = []
  const at = (level: string) => (event: string, fields?: Fields) =>
    void lines.push({ level, event, fields })
  const log: Log = { info: at('info'), warn: at('warn'), error: at('error') }
  const it = new World({ seed: 7, log })
  await it.startRouter()
  const node = await it.addNode([scriptedRunner(script, { clock: it.clock })])
  await it.clock.advance(1_000)
  const client = await it.addClient()
  await it.clock.advance(100)
  const ofEvent = (event: string) => lines.filter((line) => line.event === event)
  return { it, node, client, clientParty: it.clients[0]!, ofEvent }
}

test.each(['node', 'client'])(
  'a router was killed and is back: the %s is there first, and asks for the job',
  async (first) => {
    const { it, node, client, clientParty, ofEvent } = await world()
    const asked = it.request(client, {})
    await it.clock.advance(2_000)
    const late = first === 'node' ? clientParty : node
    it.memory.partition(late.signer.pubkey)
    await it.stopRouter()
    await it.startRouter()
    await it.clock.advance(4_000)
    back(it, late)
    await calm(it, asked)
    whole(asked)
    expect(ofEvent('event.refused')).toEqual([])
    expect(ofEvent('peer.absent').length).toBeGreaterThan(0)
    for (const { level } of ofEvent('peer.absent')) expect(level).toBe('info')
  },
)

test('a node is back when its client was told and has gone: the router has the receipt all the same', async () => {
  const { it, node, client, clientParty, ofEvent } = await world()
  const asked = it.request(client, {})
  await it.clock.advance(2_000)
  away(it, node)
  await it.clock.advance(11_000)
  expect(asked.outcome?.fault).toMatchObject({ code: 'stream.peer_gone' })
  it.kill(clientParty)
  back(it, node)
  await it.clock.advance(60_000)
  expect(ofEvent('event.refused')).toEqual([])
  expect(ofJob(it.routerParty.store, asked.outcome!.job)).toMatchObject([{ kind: 'receipt' }])
  await calm(it, asked)
})
