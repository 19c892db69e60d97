// A finished result waits for its reader once, however often the link of its node comes and goes.
import { describe, expect, test } from 'bun:test'
import { decodeFrame } from '../../src/engine/protocol/frames.ts'
import type { Party } from './life.ts'
import { away, back, calm, start, streamed, whole } from './resuming.ts'
import type { World } from './world.ts'

/** The runner ends that long after the job was sent: sixty words, and what begins and ends it. */
const RUNNER_MS = 6_500

/** The link of the node is lost and back, again and again. @returns whether it has written a receipt */
const flap = async (it: World, ms: number, everyMs = 14_000): Promise<boolean> => {
  const node = it.nodes[0]!
  const until = it.clock.now() + ms
  while (it.clock.now() < until && node.store.newest(1).length === 0) {
    away(it, node)
    await it.clock.advance(everyMs / 2)
    back(it, node)
    await it.clock.advance(everyMs / 2)
  }
  return node.store.newest(1).length > 0
}

const receiptAt = ({ store }: Party): number =>
  store.newest(2).find(({ kind }) => kind === 'receipt')!.at

describe('a finished result whose node’s link flaps', () => {
  test.each([0, -40_000, 40_000])(
    'waits 60 s in all for a client that left while it was made; the clock is set by %d ms meanwhile',
    async (byMs) => {
      const { it, client, clientParty, nodeParty } = await start()
      const asked = await streamed(it, client, RUNNER_MS - 3_500)
      away(it, clientParty)
      await it.clock.advance(3_500)
      expect(await flap(it, 20_000, 10_000)).toBe(false)
      nodeParty.skewMs = byMs
      expect(await flap(it, 34_000, 3_000)).toBe(false)
      expect(await flap(it, 8_000, 3_000)).toBe(true)
      back(it, clientParty)
      await calm(it, asked)
    },
  )

  test('and for one that comes back, takes nothing and goes again', async () => {
    const { it, client, nodeParty } = await start()
    const asked = it.request(client, { class: 'batch', deadlineMs: 600_000 })
    await it.clock.advance(2_000)
    const finished = it.clock.now()
    // Nothing that the client says arrives from now on, but that it is there.
    nodeParty.life!.loses = (bytes) => decodeFrame(bytes)?.type === 'outputCredit'
    expect(await flap(it, 300_000)).toBe(true)
    const waited = receiptAt(nodeParty) - finished
    expect(waited).toBeLessThanOrEqual(60_000 + 14_000)
    await calm(it, asked)
  })

  test('is not cut off while its reader takes one piece after the other', async () => {
    const { it, client, nodeParty } = await start()
    const asked = it.request(client, { class: 'batch', deadlineMs: 600_000 })
    await it.clock.advance(2_000)
    let last = it.clock.now()
    nodeParty.life!.loses = (bytes) => {
      if (decodeFrame(bytes)?.type !== 'outputCredit') return false
      // Each credit that arrives lets as much go as all before.
      if (it.clock.now() - last < 25_000) return true
      last = it.clock.now()
      return false
    }
    await it.clock.advance(RUNNER_MS)
    const finished = it.clock.now()
    expect(await flap(it, 300_000)).toBe(true)
    expect(receiptAt(nodeParty) - finished).toBeGreaterThan(65_000)
    await calm(it, asked)
    whole(asked)
  })
})
