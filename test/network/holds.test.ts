import { expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import type { Wish } from '../../src/engine/roles/client/news.ts'
import { ended, paying, toldOf } from './paying.ts'
import type { World } from './world.ts'

// What was offered to somebody who then left is free at once: a refusal keeps nobody waiting.

/** One `fedai request`: a client of its own, which leaves with the end of its job. */
const command = async (it: World, wish: Partial<Wish>) => {
  const client = await it.addClient()
  const asked = it.request(client, { waitMs: 10_000, ...wish })
  await ended(it, asked, 30_000)
  await client.close()
  it.kill(asked.client)
  await it.clock.advance(20)
  return asked
}

test('after as many refusals as you like the next request is offered a node at once', async () => {
  const { it } = await paying({ slots: 1 })
  // No price is too high for the router; this one is for the client, which must not pay so much ahead.
  it.bank!.caps = { ...it.bank!.caps, exposure: msat(0n) }
  for (let n = 0; n < 4; n++) {
    const asked = await command(it, {})
    expect(asked.outcome!.fault).toMatchObject({ kind: 'refused', code: 'exposure.exceeded' })
    expect(toldOf(asked)).not.toContain('waiting')
  }
  it.bank!.caps = { ...it.bank!.caps, exposure: msat(200_000n) }
  const served = await command(it, {})
  expect(served.outcome!.fault).toBeNull()
  expect(toldOf(served)).not.toContain('waiting')
  expect(it.router!.figures().records).toBeLessThanOrEqual(1)
  await it.close()
})
