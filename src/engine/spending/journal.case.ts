import { type UnixMs, unixMs } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import type { PaymentHash, Preimage, PubKey } from '../protocol/ids.ts'
import type { SpendingCaps } from './caps.ts'
import { type Journal, decide, openJournal } from './journal.ts'
import type { Entry, JournalDecision, PaymentNews, WantedPayment } from './journal-rows.ts'

/** A journal, and what its wallet says, for tests. */

export const hex = <T extends string>(n: number): T => n.toString(16).padStart(64, '0') as T
export const DAY = 86_400_000
/** Noon, UTC. */
export const noon = unixMs(19_675 * DAY + DAY / 2)
export const [NODE, OTHER] = [hex<PubKey>(1), hex<PubKey>(2)]
export const FREE: SpendingCaps = { maxPrice: null, budget: null, exposure: null }
export const SETTLED: PaymentNews = {
  state: 'settled',
  preimage: hex<Preimage>(9),
  fee: msat(2_000n),
}
export const FAILED: PaymentNews = { state: 'failed', reason: 'no_route' }
export const NOTHING = { changes: [], settled: [], effects: [] }

export const WALLET = 'sim-00000000000000aa'
export const fresh = (): Journal => openJournal([], [], noon, WALLET)
export const payment = (n: number, over: Partial<WantedPayment> = {}): WantedPayment => ({
  hash: hex<PaymentHash>(n),
  bolt11: `lnbcrt${n}`,
  terms: '{}',
  payee: NODE,
  ref: 'tab',
  seq: n,
  purpose: 'topup',
  msat: msat(100_000n),
  maxFee: msat(5_000n),
  expiresAt: unixMs(noon + 120_000),
  ...over,
})
type Want = Partial<WantedPayment> & {
  caps?: SpendingCaps
  price?: Msat
  left?: bigint
  known?: Entry | null
}
export const want = (
  journal: Journal,
  n: number,
  over: Want = {},
  at: UnixMs = noon,
): JournalDecision => {
  const { caps = FREE, price = msat(0n), left = 0n, known = null, ...rest } = over
  const asked = { payment: payment(n, rest), caps, price, left, known }
  return decide(journal, { type: 'want', ...asked }, at)
}
export const hear = (
  journal: Journal,
  n: number,
  news: PaymentNews,
  at: UnixMs = noon,
): JournalDecision => decide(journal, { type: 'answer', hash: hex(n), news }, at)
export const said = ({ effects }: JournalDecision): string[] =>
  effects.map((it) => {
    if (it.do === 'refuse') return `refuse ${it.fault.code}`
    if (it.do === 'tell') return `tell ${it.entry.state}`
    return `${it.do} ${Number(`0x${it.hash}`)}`
  })
export const after = (ms: number): UnixMs => unixMs(noon + ms)
export const states = (journal: Journal): string[] =>
  [...journal.open.values()].map((it) => it.state)
