import { describe, expect, test } from 'bun:test'
import { toSec, unixMs } from '../../engine/base/clock.ts'
import { msat } from '../../engine/base/money.ts'
import type { EventId, JobId } from '../../engine/protocol/ids.ts'
import { termsText } from '../../engine/protocol/terms.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { type Charge, LOST_JOB, type TabView } from '../../engine/spending/ledger.ts'
import { memoryStore } from '../../engine/storage/memory.ts'
import { at, entryOf, hex, statementOf, viewOf } from '../../engine/storage/money.case.ts'
import { unsettledOn } from './unsettled.ts'

const PRICE = 5_000n
const JOB = hex<JobId>(7)

/** One tab on which so much was paid and used; a job that was paid by `hold` for 5 sat, by the tab's key. */
const scene = async ({
  charges = [],
  payment = {},
  view = {},
  more = [],
  statements = [],
}: Partial<{
  charges: Partial<Charge>[]
  payment: Partial<Entry>
  view: Partial<TabView>
  /** Other payments of that tab. */
  more: Partial<Entry>[]
  statements: Parameters<typeof statementOf>[]
}> = {}) => {
  const { money } = memoryStore()
  const row = viewOf({ paid: msat(20_000n), used: msat(3_000n), ...view })
  const { payee, ref: payer } = row
  const sec = toSec(at)
  const terms = termsText({
    net: 'sim',
    payee,
    payer,
    router: '',
    for: 'job',
    ref: JOB,
    seq: 1,
    msat: msat(PRICE),
    price: hex<EventId>(3),
    cum_used_msat: msat(0n),
    iat: sec,
    exp: toSec(unixMs(at + 60_000)),
  })
  const paid = { purpose: 'job', ref: JOB, terms, msat: msat(PRICE), state: 'settled' } as const
  await money.write([
    { do: 'put', table: 'payments', row: entryOf(1, { ...paid, final: true, ...payment }) },
    ...more.map((it, n) => {
      const top = {
        terms: terms.replace('"job"', '"topup"'),
        state: 'settled',
        final: true,
      } as const
      return { do: 'put', table: 'payments', row: entryOf(10 + n, { ...top, ...it }) } as const
    }),
    ...statements.map(
      ([n, it]) => ({ do: 'put', table: 'statements', row: statementOf(n, it) }) as const,
    ),
    ...charges.map((it, n) => {
      const usual = { receipt: hex<EventId>(n), payee, ref: payer, job: JOB, cost: msat(PRICE) }
      const charge: Charge = { ...usual, disputed: false, stated: null, at, ...it }
      return { do: 'add', table: 'charges', row: charge } as const
    }),
  ])
  return [...unsettledOn(money, [row]).values()]
}

test('a job that was paid for the whole and is in no receipt of ours is not settled', async () => {
  expect(await scene()).toEqual([PRICE])
  expect(await scene({ charges: [{ job: hex(8) }] })).toEqual([PRICE])
})

test('it is with its receipt, or with the statement of one that was lost', async () => {
  expect(await scene({ charges: [{}] })).toEqual([])
  expect(await scene({ charges: [{ job: LOST_JOB }] })).toEqual([])
  expect(await scene({ charges: [{ job: LOST_JOB, cost: msat(2_000n) }] })).toEqual([3_000n])
})

test('never more than is left there; nothing of what failed, filled the tab, or was of a session', async () => {
  expect(await scene({ view: { used: msat(16_000n) } })).toEqual([4_000n])
  expect(await scene({ view: { used: msat(21_000n) } })).toEqual([])
  expect(await scene({ payment: { state: 'failed' } })).toEqual([])
  expect(await scene({ payment: { purpose: 'topup' } })).toEqual([])
  expect(await scene({ payment: { terms: 'none' } })).toEqual([])
  expect(await scene({ view: { session: true } })).toEqual([])
})

describe('what the invoice was over the price is settled, too', () => {
  const lost = { job: LOST_JOB, cost: msat(19n), at: unixMs(at + 1) }
  const later = { doneAt: unixMs(at + 5_000), msat: msat(100_000n) }
  const counted = (paid: bigint) => [2, { paid: msat(paid), at }] as Parameters<typeof statementOf>

  test('once the node signs that it has all that was paid', async () => {
    const view = { n: 2 }
    const charges = [lost]
    expect(await scene({ view, charges })).toEqual([PRICE - 19n])
    expect(await scene({ view, charges, statements: [counted(20_000n - PRICE)] })).toEqual([
      PRICE - 19n,
    ])
    expect(await scene({ view, charges, statements: [counted(20_000n)] })).toEqual([])
  })

  test('also where more was paid since', async () => {
    const view = { n: 2, paid: msat(120_000n) }
    const of = { view, charges: [lost], more: [later] }
    expect(await scene({ ...of, statements: [counted(20_000n)] })).toEqual([])
    expect(await scene({ ...of, statements: [counted(15_000n)] })).toEqual([PRICE - 19n])
  })

  test('but not by a statement before which others are missing', async () => {
    expect(await scene({ view: { n: 1 }, statements: [counted(20_000n)] })).toEqual([PRICE])
  })

  test('and what was lost before that settles nothing of what came since', async () => {
    const early = { job: LOST_JOB, cost: msat(700n), at: unixMs(at - 1) }
    const statements = [counted(15_000n)]
    expect(await scene({ view: { n: 2 }, charges: [early], statements })).toEqual([PRICE])
  })
})
