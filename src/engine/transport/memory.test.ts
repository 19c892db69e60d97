import { expect, test } from 'bun:test'
import { seededRandom } from '../base/random.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import { cancelTo, doorOptions, newKey, recorder } from './link.fixtures.ts'
import { type MemoryOptions, memoryNetwork } from './memory.ts'

const [router, client] = [newKey(), newKey()]

const meet = async (options: Partial<MemoryOptions> = {}, seed = 1) => {
  const clock = virtualClock()
  const network = memoryNetwork({ clock, random: seededRandom(seed), latencyMs: 5, ...options })
  const [door, dial] = [recorder(), recorder()]
  const listening = await network.listen({ ...doorOptions(router.pubkey), port: 7447 }, door.owner)
  const dialled = network.dial(listening.address, { signer: client }, dial.owner)
  await clock.advance(100)
  return {
    clock,
    network,
    door,
    dial,
    listening,
    dialled,
    here: dial.links[0]!,
    there: door.links[0]!,
  }
}
type Met = Awaited<ReturnType<typeof meet>>

const sendFrames = ({ here }: Met, count: number) => {
  for (let i = 0; i < count; i++) here.frame(Uint8Array.of(i))
}
const numbers = (met: Met) => met.door.frames.map((it) => it[0])

test('a message takes its latency', async () => {
  const met = await meet()
  sendFrames(met, 1)
  expect(met.here.unsent()).toBe(1)
  await met.clock.advance(4)
  expect(met.door.frames.length).toBe(0)
  await met.clock.advance(1)
  expect([met.door.frames.length, met.here.unsent()]).toEqual([1, 0])
})

test('jitter alone changes no order', async () => {
  const met = await meet({ jitterMs: 50 })
  sendFrames(met, 200)
  await met.clock.advance(1_000)
  expect(numbers(met)).toEqual(Array.from({ length: 200 }, (_, i) => i))
})

test('loss, duplication and reordering happen as often as they should, to frames only where asked', async () => {
  const met = await meet({ faults: { frame: { loss: 0.2 } } })
  sendFrames(met, 250)
  void met.here.send({ event: cancelTo(client, router.pubkey, met.clock.now()) })
  await met.clock.advance(1_000)
  expect(met.door.frames.length).toBeGreaterThan(170)
  expect(met.door.frames.length).toBeLessThan(230)
  expect(met.door.texts.length).toBe(1)
  const twice = await meet({ faults: { frame: { duplicate: 0.5 } } })
  sendFrames(twice, 200)
  await twice.clock.advance(1_000)
  expect(twice.door.frames.length).toBeGreaterThan(260)
  expect(new Set(numbers(twice)).size).toBe(200)
  const late = await meet({ faults: { frame: { reorder: 0.3 } } })
  sendFrames(late, 200)
  await late.clock.advance(1_000)
  expect(numbers(late)).not.toEqual(numbers(late).toSorted((a, b) => a! - b!))
  expect(new Set(numbers(late)).size).toBe(200)
})

test('an event that was lost is unknown after 5 s', async () => {
  const met = await meet({ faults: { event: { loss: 1 } } })
  let state = ''
  void met.here
    .send({ event: cancelTo(client, router.pubkey, met.clock.now()) })
    .then((it) => (state = it.state))
  await met.clock.advance(5_000)
  expect([state, met.door.texts.length]).toEqual(['unknown', 0] as never)
})

test('a partition holds everything back until it heals, in order', async () => {
  const met = await meet()
  met.network.partition(met.listening.address)
  sendFrames(met, 5)
  await met.clock.advance(9_000)
  expect(met.door.frames.length).toBe(0)
  met.network.heal()
  await met.clock.advance(2_000)
  expect(numbers(met)).toEqual([0, 1, 2, 3, 4])
  expect(met.dial.seen).toEqual(['authenticated'])
})

test('a partition that lasts breaks the link on both sides; after it they meet again', async () => {
  const met = await meet()
  met.network.partition(met.listening.address)
  sendFrames(met, 5)
  await met.clock.advance(60_000)
  expect([met.door.seen, met.dial.seen]).toEqual([
    ['authenticated', 'closed'],
    ['authenticated', 'closed'],
  ])
  met.network.heal()
  await met.clock.advance(60_000)
  expect(met.dial.links.length).toBe(2)
  expect([met.door.frames.length, met.network.links().length]).toEqual([0, 2])
})

test('a partition of one link leaves the others alone', async () => {
  const met = await meet()
  const other = recorder()
  met.network.dial(met.listening.address, { signer: newKey() }, other.owner)
  await met.clock.advance(100)
  met.network.partition([met.here.id])
  other.links[0]!.frame(Uint8Array.of(9))
  met.here.frame(Uint8Array.of(1))
  await met.clock.advance(100)
  expect(numbers(met)).toEqual([9])
})

test('a partition of one way holds that way alone, and breaks the link for both in time', async () => {
  const met = await meet()
  met.network.partition([met.here.id], 'dialled')
  met.here.frame(Uint8Array.of(1))
  met.there.frame(Uint8Array.of(2))
  await met.clock.advance(9_000)
  expect([met.door.frames.length, met.dial.frames.map((it) => it[0])]).toEqual([0, [2]])
  await met.clock.advance(2_000)
  expect([met.door.seen, met.dial.seen]).toEqual([
    ['authenticated', 'closed', 'authenticated'],
    ['authenticated', 'frame', 'closed', 'authenticated'],
  ])
})

test('who is away does not come back before it is let, and nobody else is', async () => {
  const met = await meet()
  const [other, key] = [recorder(), newKey()]
  met.network.dial(met.listening.address, { signer: key }, other.owner)
  await met.clock.advance(100)
  met.network.partition(client.pubkey)
  met.network.partition(key.pubkey)
  await met.clock.advance(30_000)
  expect(met.network.links()).toEqual([])
  met.network.heal(key.pubkey)
  await met.clock.advance(60_000)
  expect([met.dial.links.length, other.links.length]).toEqual([1, 2])
  met.network.heal()
  await met.clock.advance(60_000)
  expect([met.dial.links.length, other.links.length]).toEqual([2, 2])
})

test('the way can become longer', async () => {
  const met = await meet()
  met.network.setDelay(500, 0)
  sendFrames(met, 1)
  await met.clock.advance(499)
  expect(met.door.frames.length).toBe(0)
  await met.clock.advance(1)
  expect(met.door.frames.length).toBe(1)
})

test('a cut loses what was on its way, and the link comes back as a new one', async () => {
  const met = await meet()
  sendFrames(met, 5)
  met.network.cut(met.there.id)
  await met.clock.advance(5_000)
  expect(met.door.frames.length).toBe(0)
  expect(met.dial.seen).toEqual(['authenticated', 'closed', 'authenticated'])
  expect(met.dial.links[1]!.id).not.toBe(met.here.id)
})

test('unsent bytes are bounded', async () => {
  const met = await meet({ bounds: { unsentPerLinkBytes: 100 } })
  expect([met.here.frame(new Uint8Array(100)), met.here.frame(new Uint8Array(1))]).toEqual([
    true,
    false,
  ])
  await met.clock.advance(10)
  expect(met.here.frame(new Uint8Array(1))).toBe(true)
})

test('the same seed gives the same run, another seed another one', async () => {
  const run = async (seed: number) => {
    const faults = { loss: 0.1, duplicate: 0.1, reorder: 0.2 }
    const met = await meet({ jitterMs: 20, faults: { frame: faults, event: faults } }, seed)
    sendFrames(met, 200)
    await met.clock.advance(1_000)
    return numbers(met)
  }
  expect(await run(7)).toEqual(await run(7))
  expect(await run(7)).not.toEqual(await run(8))
})
