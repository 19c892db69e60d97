import { type UnixMs, unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { PaymentHash, Preimage, PubKey } from '../protocol/ids.ts'
import { type Book, decide, openBook } from './invoice-book.ts'
import type { BookDecision, BookEvent, SaidState } from './invoice-book-rows.ts'

/** A book, its wallet and one who asks, for tests. */

export const hex = <T extends string>(n: number): T => n.toString(16).padStart(64, '0') as T
export const start = unixMs(1_700_000_000_000)
export const LIFE_MS = 120_000
export const [NODE, KEY] = [hex<PubKey>(1), hex<PubKey>(2)]
export const fresh = (): Book => openBook(NODE, [], start)

type Asked = Partial<Extract<BookEvent, { type: 'fund' }>>
export const fund = (book: Book, over: Asked = {}, at: UnixMs = start): BookDecision => {
  const { payer = KEY } = over
  const asked = { payer, ref: payer, purpose: 'topup', msat: msat(10_000n), hold: false } as const
  return decide(book, { type: 'fund', settled: 0, ...asked, ...over }, at)
}
/** Has the wallet make what was asked for, with this number as its hash. */
export const issue = (
  book: Book,
  asked: BookDecision,
  n: number,
  at: UnixMs = start,
): BookDecision => {
  const effect = asked.effects.find((it) => it.do === 'createInvoice')
  if (!effect) throw new Error('no invoice was wanted')
  const { hold, ...wanted } = effect.wanted
  const invoice = {
    ...wanted,
    hash: hex<PaymentHash>(n),
    terms: '{}',
    bolt11: `lnbcrt${n}`,
    preimage: hold ? hex<Preimage>(9_000 + n) : null,
    expiresAt: unixMs(at + LIFE_MS),
  }
  return decide(book, { type: 'issued', invoice }, at)
}
export const say = (
  book: Book,
  n: number,
  state: SaidState,
  received: bigint | null = null,
  at: UnixMs = start,
): BookDecision =>
  decide(
    book,
    { type: 'status', hash: hex(n), state, received: received === null ? null : msat(received) },
    at,
  )
export const told = ({ effects }: BookDecision): string[] =>
  effects.map((it) => {
    if (it.do === 'tell') return `tell ${it.invoice.state} ${Number(`0x${it.invoice.hash}`)}`
    if (it.do === 'refuse') return `refuse ${it.why}`
    if (it.do === 'createInvoice') return `create ${it.wanted.seq}`
    return `${it.do} ${Number(`0x${it.hash}`)}`
  })
export const NOTHING = { changes: [], settled: [], effects: [] }
