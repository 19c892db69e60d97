import { describe, expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import type { CAPS } from './bank.ts'
import { checkMoney, letters, tabOf } from './money-books.ts'
import { ended, paying, toldOf, words } from './paying.ts'
import type { World } from './world.ts'

const WISH = { outTokens: 15_000, deadlineMs: 600_000 }

/** Nothing was paid, and no invoice was asked for where that could be told before. */
const unpaid = async (it: World, asksNothing: boolean): Promise<void> => {
  expect(await it.bank!.balance('client 0', it.clock)).toBe(1_000_000n)
  expect(it.clients[0]!.store.money.payments(10)).toEqual([])
  if (asksNothing) expect(letters(it)).toBe(0)
  await it.close()
}

test('what nobody waits for any more is asked for no more, and does not stand in the way of the next job', async () => {
  let isDown = true
  const { it, client } = await paying({}, ({ bank }) => {
    bank!.wrapWallet = (wallet) => ({
      ...wallet,
      createInvoice: async (...of) =>
        isDown ? new Promise(() => {}) : wallet.createInvoice(...of),
    })
  })
  const abort = new AbortController()
  const asked = it.request(client, WISH, abort.signal)
  await it.clock.advance(1_000)
  abort.abort()
  await ended(it, asked)
  expect(asked.outcome!.fault!.kind).toBe('interrupted')
  const before = letters(it)
  await it.clock.advance(60_000)
  expect(letters(it)).toBe(before)
  isDown = false
  const next = it.request(client, WISH)
  await ended(it, next, 6_000)
  expect(next.outcome?.fault).toBeNull()
  await it.close()
})

describe('refused before anything is paid, by the flag that would allow it', () => {
  test('--max-price', async () => {
    const { it, client } = await paying()
    const asked = it.request(client, { outTokens: 1_000, cap: msat(500n) })
    await ended(it, asked)
    const { fault } = asked.outcome!
    expect(fault).toMatchObject({ kind: 'refused', code: 'cap.exceeded' })
    expect(fault!.hint).toMatch(/--max-price \d+(msat|sat)/)
    await unpaid(it, true)
  })

  test('--budget: the payment and the fee that it may cost', async () => {
    const caps = { budget: msat(14_999n), exposure: msat(200_000n) }
    const { it, client } = await paying({}, ({ bank }) => (bank!.caps = caps))
    const asked = it.request(client, {})
    await ended(it, asked)
    const { fault } = asked.outcome!
    expect(fault).toMatchObject({ kind: 'refused', code: 'budget.exceeded' })
    // 10 sat, and up to 10 sat for routing.
    expect(fault!.hint).toBe(
      'allow it with --budget 20sat\na tab takes 10 sat at least; this job needs 181 msat, and is paid alone with: --tab off',
    )
    await unpaid(it, false)
  })

  test('--budget with the tab off: what the invoice will ask is known', async () => {
    const caps = { budget: msat(10_999n), exposure: msat(200_000n) }
    const { it, client } = await paying({}, ({ bank }) =>
      Object.assign(bank!, { caps, tab: 'off' }),
    )
    const asked = it.request(client, {})
    await ended(it, asked)
    const { fault } = asked.outcome!
    expect(fault).toMatchObject({ kind: 'refused', code: 'budget.exceeded' })
    expect(fault!.hint).toBe('allow it with --budget 11sat')
    // What is not paid is not said to be.
    expect(toldOf(asked)).not.toContain('paying')
    await unpaid(it, true)
  })

  test('--max-exposure', async () => {
    const caps = { budget: msat(1_000_000n), exposure: msat(9_999n) }
    const { it, client } = await paying({}, ({ bank }) => (bank!.caps = caps))
    const asked = it.request(client, {})
    await ended(it, asked)
    const { fault } = asked.outcome!
    expect(fault).toMatchObject({ kind: 'refused', code: 'exposure.exceeded' })
    expect(fault!.hint).toBe(
      'allow it with --max-exposure 10sat\na tab takes 10 sat at least; this job needs 181 msat, and is paid alone with: --tab off',
    )
    await unpaid(it, false)
  })

  test('and the way without a tab, which the hint names, works within that cap', async () => {
    const caps = { budget: msat(11_000n), exposure: msat(9_999n) }
    const { it } = await paying({}, ({ bank }) => (bank!.caps = caps))
    it.bank!.tab = 'off'
    const client = await it.addClient()
    await it.clock.advance(1_000)
    const asked = it.request(client, {})
    await ended(it, asked)
    expect(asked.outcome!.fault).toBeNull()
    await it.close()
  })

  test('--max-exposure 0sat', async () => {
    const caps = { budget: msat(1_000_000n), exposure: msat(0n) }
    const { it, client } = await paying({}, ({ bank }) => (bank!.caps = caps))
    const asked = it.request(client, {})
    await ended(it, asked)
    const { fault } = asked.outcome!
    expect(fault).toMatchObject({ kind: 'refused', code: 'exposure.exceeded' })
    expect(fault!.hint).toBe('allow it with --max-exposure 10sat')
    expect(toldOf(asked)).not.toContain('again')
    await unpaid(it, false)
  })

  test('a job dearer than the exposure that may only be paid before', async () => {
    const { it, client } = await paying()
    const asked = it.request(client, { outTokens: 90_000, timings: ['before'] })
    await ended(it, asked)
    expect(asked.outcome!.fault).toMatchObject({ kind: 'refused', code: 'exposure.exceeded' })
    await unpaid(it, false)
  })

  test('--timing that its node does not have', async () => {
    const { it, client } = await paying()
    const asked = it.request(client, { timings: ['hold'] })
    await ended(it, asked)
    expect(asked.outcome!.fault).toMatchObject({ kind: 'refused', code: 'timing.none' })
    expect(asked.outcome!.fault!.hint).toContain('--timing before')
    await unpaid(it, true)
  })
})

test('the day is full: later jobs are refused, and the next day they are not', async () => {
  // One first top-up of 10 sat and its fee; the next one, of 100 sat, is too much.
  const caps = { budget: msat(21_000n), exposure: msat(200_000n) }
  const { it, client } = await paying({}, ({ bank }) => (bank!.caps = caps))
  await ended(it, it.request(client, {}))
  const asked = it.request(client, { outTokens: 4_000 })
  await ended(it, asked)
  expect(asked.outcome!.fault).toMatchObject({ kind: 'refused', code: 'budget.exceeded' })
  it.bank!.caps = { ...caps }
  expect(tabOf(it.nodes[0]!).paid).toBe(msat(10_000n))
  await checkMoney(it)
  await it.close()
})

test('without a wallet: said before anything is sent', async () => {
  const { it } = await paying()
  const { bank } = it
  const party = it.clients[0]!
  it.kill(party)
  Object.assign(it, { bank: undefined })
  await it.startClient(party)
  await it.clock.advance(1_000)
  const asked = it.request(party.client!, {})
  await ended(it, asked)
  expect(asked.outcome!.fault).toMatchObject({ kind: 'refused', code: 'wallet.none' })
  expect(asked.outcome!.fault!.hint).toContain('fedai pay connect')
  expect(asked.outcome!.bundle.job).toBeUndefined()
  Object.assign(it, { bank })
  await unpaid(it, true)
})

test('a wallet with nothing in it: nothing is paid, and the fault says why', async () => {
  const { it, client } = await paying({ purse: 1_000n })
  const asked = it.request(client, {})
  await ended(it, asked)
  expect(asked.outcome!.fault).toMatchObject({ kind: 'again', code: 'payment.failed' })
  expect(asked.outcome!.fault!.message).toContain('no_balance')
  await checkMoney(it)
  await it.close()
})

describe('jobs at once that together need more than may lie at their node', () => {
  /** Five jobs of up to 37.5 sat each, that cost 50 msat or so; a tab is topped up by 100 sat. */
  const five = async (pieceMs: number, caps?: Partial<typeof CAPS>) => {
    const script = { pieces: textPieces(words(20)), pieceMs }
    const { it, client } = await paying({ slots: 5, script }, ({ bank }) => {
      bank!.caps = { ...bank!.caps, ...caps }
    })
    const all = Array.from({ length: 5 }, () => it.request(client, WISH))
    return { it, all }
  }

  test.each([0, 100, 1_000])(
    'wait for the others, pieces every %d ms, and are served',
    async (ms) => {
      const { it, all } = await five(ms)
      for (const asked of all) await ended(it, asked)
      expect(all.map((asked) => asked.outcome!.fault)).toEqual(Array(5).fill(null))
      expect(tabOf(it.nodes[0]!).paid).toBeLessThanOrEqual(msat(200_000n))
      await checkMoney(it)
      await it.close()
    },
  )

  test('but not without end', async () => {
    const { it, all } = await five(10_000)
    const started = it.clock.now()
    const over = () => all.filter(({ outcome }) => outcome?.fault)
    while (over().length === 0 && it.clock.now() - started < 100_000) await it.clock.advance(500)
    expect(over()[0]!.outcome!.fault).toMatchObject({ code: 'exposure.exceeded' })
    expect(it.clock.now() - started).toBeGreaterThan(55_000)
    for (const asked of all) await ended(it, asked, 400_000)
    await checkMoney(it)
    await it.close()
  })
})
