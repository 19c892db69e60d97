// A job that finds nothing free, or loses what it found before anything came: it waits, or is asked for anew.
import { expect, test } from 'bun:test'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { checkInvariants } from './invariants.ts'
import { type Asked, type WorldOptions, World } from './world.ts'

const words = ['one ', 'two ', 'three ', 'four']
/** A second for each job, and one at a time. */
const slow = { pieces: textPieces(words), pieceMs: 250 }

const world = async (
  scripts: Parameters<typeof scriptedRunner>[0][],
  options: Partial<WorldOptions> = {},
): Promise<World> => {
  const it = new World({ seed: 7, latencyMs: 10, ...options })
  await it.startRouter()
  for (const script of scripts)
    await it.addNode([scriptedRunner(script, { clock: it.clock, slots: 1 })])
  await it.clock.advance(1_000)
  return it
}

const codeOf = ({ outcome }: Asked): string => outcome?.fault?.code ?? 'ok'
const waitsOf = ({ news }: Asked) => news.flatMap((it) => (it.type === 'waiting' ? [it] : []))

test('eight clients of one slot with a queue of two are all served, and are told that they wait', async () => {
  const it = await world([slow], { queue: 2 })
  const asked: Asked[] = []
  for (let n = 0; n < 8; n++) asked.push(it.request(await it.addClient(), { waitMs: 20_000 }))
  await it.clock.advance(30_000)
  expect(asked.map(codeOf)).toEqual(asked.map(() => 'ok'))
  const waited = asked.flatMap(waitsOf)
  expect(waited.length).toBeGreaterThanOrEqual(5)
  for (const { untilMs } of waited) expect(untilMs).toBeLessThanOrEqual(it.clock.now() - 9_000)
  checkInvariants(it, asked)
  await it.close()
})

test('who waits no time is told at once; who waits some is told when that is over', async () => {
  const endless = { ...slow, endless: true }
  const it = await world([endless], { queue: 0 })
  const first = it.request(await it.addClient(), { deadlineMs: 60_000 })
  await it.clock.advance(500)
  const hasty = it.request(await it.addClient(), { waitMs: 0 })
  const patient = it.request(await it.addClient(), { waitMs: 10_000 })
  await it.clock.advance(500)
  expect([codeOf(hasty), waitsOf(hasty)]).toEqual(['offers.busy', []])
  expect(patient.outcome).toBeUndefined()
  await it.clock.advance(9_000)
  expect(patient.outcome).toBeUndefined()
  await it.clock.advance(1_000)
  expect(patient.outcome!.fault).toMatchObject({ kind: 'again', code: 'offers.busy' })
  expect(waitsOf(patient).map(({ why }) => why)).toEqual(['busy'])
  await it.clock.advance(120_000)
  checkInvariants(it, [first, hasty, patient])
  await it.close()
})

test('a look at the offers waits for nothing', async () => {
  const it = await world([{ ...slow, endless: true }], { queue: 0 })
  void it.request(await it.addClient(), {})
  await it.clock.advance(500)
  const [{ client }] = [it.clients[0]!]
  let code = ''
  const { wishOf } = await import('./world.ts')
  void client!.offers({ ...wishOf(), waitMs: 60_000 }).catch((fault) => (code = fault.code))
  await it.clock.advance(500)
  expect(code).toBe('offers.busy')
  await it.clock.advance(120_000)
  await it.close()
})

test('accepted, and every node gone before the first piece: it is asked for anew when one is back', async () => {
  const late = { ...slow, startMs: 3_000 }
  const it = await world([late, late])
  const asked = it.request(await it.addClient(), {})
  await it.clock.advance(500)
  expect(asked.news.map(({ type }) => type)).toContain('accepted')
  // The one that has it dies, and the other, to which it moves, too.
  const [one, two] = it.nodes
  await it.stopNode(one!)
  await it.stopNode(two!)
  await it.clock.advance(6_000)
  await it.startNode(two!)
  await it.clock.advance(30_000)
  expect(codeOf(asked)).toBe('ok')
  expect(asked.news.map(({ type }) => type)).toContain('again')
  expect(asked.outcome!.receipt!.status).toBe('ok')
  checkInvariants(it, [asked])
  await it.close()
})

test('a lasting key that cancels before it ever paid pays for what was on its way, and is served again', async () => {
  const it = await world([{ ...slow, endless: true }], { latencyMs: 100 })
  const client = await it.addClient()
  await it.clock.advance(1_000)
  const abort = new AbortController()
  const first = it.request(client, {}, abort.signal)
  // Cancelled when the first piece has left the node and has not arrived.
  while (!it.recorded.frames.some(({ frame }) => frame.type === 'output')) await it.clock.advance(5)
  abort.abort()
  await it.clock.advance(3_000)
  // It is charged, so it is told.
  expect(first.news.some(({ type }) => type === 'piece')).toBe(true)
  expect(first.outcome!.receipt).toMatchObject({
    status: 'client_cancelled',
    commit: { frames: 1 },
  })
  expect(first.outcome!.verified).toBe(true)
  const second = it.request(client, { deadlineMs: 3_000 })
  await it.clock.advance(60_000)
  expect(codeOf(second)).not.toBe('job.policy')
  expect(second.news.some(({ type }) => type === 'piece')).toBe(true)
  checkInvariants(it, [first, second])
  await it.close()
})

test('a client that is closed frees the runner at once', async () => {
  let running = 0
  const it = new World({ seed: 3, latencyMs: 10 })
  await it.startRouter()
  const runner = scriptedRunner({ ...slow, endless: true }, { clock: it.clock, slots: 1 })
  const counted = {
    ...runner,
    run: async (...args: Parameters<typeof runner.run>) => {
      running++
      try {
        return await runner.run(...args)
      } finally {
        running--
      }
    },
  }
  await it.addNode([counted])
  await it.clock.advance(1_000)
  const client = await it.addClient()
  void it.request(client, {})
  await it.clock.advance(1_000)
  expect(running).toBe(1)
  await client.close()
  await it.clock.advance(100)
  expect(running).toBe(0)
  await it.clock.advance(120_000)
  await it.close()
})
