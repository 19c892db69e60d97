// Parties that go, that wait, or are not what they seem: what becomes of the jobs that are open there.
import { expect, test } from 'bun:test'
import { scriptedChat, scriptedRunner } from '../fakes/scripted-runner.ts'
import { fine, world } from './scenes.ts'
import { World, wishOf } from './world.ts'

test('a runner that dies is offered no more, and again when it is back', async () => {
  const it = new World({ seed: 7 })
  await it.startRouter()
  let capabilities = [scriptedChat()]
  const runner = scriptedRunner(fine, { clock: it.clock })
  await it.addNode([{ ...runner, capabilities: () => Promise.resolve(capabilities) }])
  await it.clock.advance(1000)
  const client = await it.addClient()
  const ask = async () => {
    const asked = it.request(client, {})
    await it.clock.advance(20_000)
    return asked.outcome?.fault?.code ?? 'ok'
  }
  expect(await ask()).toBe('ok')
  capabilities = []
  await it.clock.advance(16_000)
  expect(await ask()).toBe('task.none')
  capabilities = [scriptedChat()]
  await it.clock.advance(16_000)
  expect(await ask()).toBe('ok')
  await it.close()
})

test('a client that is closed ends all its jobs, and takes no more', async () => {
  const it = await world([{ ...fine, endless: true }])
  const client = await it.addClient()
  const open = it.request(client, {})
  await it.clock.advance(500)
  await client.close()
  await it.clock.advance(10)
  expect(open.outcome?.fault).toMatchObject({ code: 'client.closed' })
  const late = Array.fromAsync(client.request(wishOf())).catch((error: unknown) => error)
  expect(await late).toMatchObject({ code: 'client.closed' })
  await it.close()
})

test('a relay that is no router is found out at once, not at the deadline', async () => {
  const it = new World({ seed: 7 })
  // A door with nobody behind it: NIP-42 works, and nothing else is ever said.
  const silent = { authenticated() {}, event() {}, frame() {}, closed() {} }
  await it.memory.listen(
    {
      hostname: 'router.test',
      port: 7447,
      key: it.routerParty.signer.pubkey,
      name: 'relay',
      stored: () => [],
      verifier: { verify: () => true },
    },
    silent,
  )
  const asked = it.request(await it.addClient(), {})
  await it.clock.advance(10_000)
  expect(asked.outcome?.fault).toMatchObject({ kind: 'unavailable', code: 'router.mute' })
  await it.close()
})

test('more tokens than bytes that came are not paid for', async () => {
  const it = await world([
    { pieces: [{ delta: { text: 'x' }, usage: { in_token: 5, out_token: 1900 } }] },
  ])
  const asked = it.request(await it.addClient(), { outTokens: 2048 })
  await it.clock.advance(60_000)
  expect(asked.outcome?.fault).toMatchObject({ kind: 'verification', code: 'stream.implausible' })
  // One in_token at most: the model had begun to read, which a cancel pays for.
  expect(asked.outcome!.cost <= 1n).toBe(true)
  await it.close()
})

test('a node that goes ends its jobs with receipts for what arrived', async () => {
  const it = await world([{ ...fine, endless: true }])
  const asked = it.request(await it.addClient(), {})
  await it.clock.advance(500)
  const closing = it.nodes[0]!.node!.close()
  await it.clock.advance(2_000)
  await closing
  expect(asked.outcome).toMatchObject({
    verified: true,
    receipt: { status: 'partial', reason: 'drain', usage: { out_token: 4 } },
    fault: { kind: 'again', code: 'job.partial' },
  })
  await it.close()
})

test('a job that waits behind another says so, and ends by a cancel, with a receipt', async () => {
  const it = await world([{ ...fine, endless: true }])
  const client = await it.addClient()
  const first = it.request(client, {})
  await it.clock.advance(200)
  const abort = new AbortController()
  const second = it.request(client, {}, abort.signal)
  await it.clock.advance(500)
  expect(second.news.map((news) => news.type)).toEqual(['offers', 'accepted', 'queued'])
  abort.abort()
  await it.clock.advance(1_000)
  expect(second.outcome?.receipt).toMatchObject({ status: 'client_cancelled', cost: 0n })
  expect(first.outcome).toBeUndefined()
  await it.close()
})
