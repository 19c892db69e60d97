// A node that has no invoice now says so: its client pays the next one, or asks again soon.
import { describe, expect, test } from 'bun:test'
import { Fault } from '../../src/engine/base/fault.ts'
import { checkMoney } from './money-books.ts'
import { ended, paying } from './paying.ts'
import type { World } from './world.ts'

/** The wallet of each of these nodes makes no invoice the first so many times. */
const without = (names: readonly string[], times: number) => (world: World) => {
  world.bank!.wrapWallet = (wallet, name) => {
    let left = names.includes(name) ? times : 0
    return {
      ...wallet,
      createInvoice: (wish) =>
        left-- > 0
          ? Promise.reject(new Fault('unavailable', 'wallet.unreachable', 'it is down'))
          : wallet.createInvoice(wish),
    }
  }
}

/** How the first job there ended, and after how long, in seconds. */
const first = async (world: World) => {
  const asked = world.request(world.clients[0]!.client!, {})
  const began = world.clock.now()
  for (let n = 0; n < 4_000 && !asked.outcome; n++) await world.clock.advance(10)
  const sec = (world.clock.now() - began) / 1_000
  const { fault, node } = asked.outcome!
  return { code: fault?.code ?? null, sec, node }
}

describe('a node whose wallet makes no invoice', () => {
  test.each(['node 0', 'node 1'])(
    '%s is passed over at once where another can be paid',
    async (name) => {
      const { it } = await paying({ nodes: 2 }, without([name], 99))
      const other = it.nodes.find((node) => node.name !== name)!
      for (let n = 0; n < 3; n++) {
        const { code, sec, node } = await first(it)
        expect([code, node]).toEqual([null, other.signer.pubkey])
        expect(sec).toBeLessThan(1)
      }
      await checkMoney(it)
      await it.close()
      expect(it.faults).toEqual([])
    },
  )

  test('is asked again each second where it is the only one', async () => {
    const { it } = await paying({}, without(['node 0'], 5))
    const { code, sec } = await first(it)
    expect(code).toBeNull()
    expect(sec).toBeGreaterThan(4.9)
    expect(sec).toBeLessThan(7)
    await checkMoney(it)
    await it.close()
  })

  test('and for no longer than one that says nothing', async () => {
    const { it } = await paying({}, without(['node 0'], 99))
    const { code, sec } = await first(it)
    expect(code).toBe('funding.silent')
    expect(sec).toBeGreaterThan(14)
    expect(sec).toBeLessThan(20)
    await it.close()
  })
})

test('a payer whose invoices are out, unpaid, is told so, and may ask again when they have ended', async () => {
  const { it, client } = await paying({ slots: 12 }, (world) => void (world.bank!.tab = 'off'))
  it.bank!.down = true
  for (let n = 0; n < 5; n++) {
    const asked = it.request(client, {})
    await ended(it, asked)
    const code = n < 4 ? 'payment.failed' : 'invoice.busy'
    expect(asked.outcome!.fault).toMatchObject({ kind: 'again', code })
  }
  it.bank!.down = false
  await it.clock.advance(120_000)
  const later = it.request(client, {})
  await ended(it, later)
  expect(later.outcome!.fault).toBeNull()
  await it.close()
})

test('more invoices than one key may have open: jobs by --tab off wait for each other, and all are served', async () => {
  const { it, client } = await paying({ slots: 12 }, (world) => void (world.bank!.tab = 'off'))
  const asked = Array.from({ length: 7 }, () => it.request(client, { waitMs: 20_000 }))
  for (const one of asked) await ended(it, one)
  expect(asked.map((one) => one.outcome?.fault?.code ?? null)).toEqual(asked.map(() => null))
  await checkMoney(it)
  await it.close()
})
