import { MAX_MSAT, MOST_AMOUNT } from '../../../src/engine/base/money.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import { UNITS } from '../../../src/engine/protocol/fields.ts'
import { type KindName, kindName } from '../../../src/engine/protocol/kinds.ts'
import { SCHEMAS } from '../../../src/engine/protocol/messages.ts'
import { parseTerms } from '../../../src/engine/protocol/terms.ts'
import { type Content, forged } from './parcel.ts'

/** Numbers and amounts at the ends of every bound: what a schema takes of them, a mind must bear. */

const NUMBERS = [
  0,
  1,
  99,
  9_999,
  1_000_000,
  2 ** 31,
  2 ** 32 - 1,
  31_536_000_000,
  8_640_000_000_000_000,
  Number.MAX_SAFE_INTEGER,
]
const AMOUNTS = [0n, 1n, 999n, 1_000n, 1_000_000n, 1_000_000_000n, MOST_AMOUNT, MAX_MSAT].map(
  String,
)
const DIGITS = /^(0|[1-9][0-9]{0,18})$/

/** Draws a whole number below `n`. */
export type Draw = (n: number) => number

/** Who can sign for a key, and what binds an invoice to other terms. */
export type Forge = Readonly<{
  signerOf: (key: string) => Signer | undefined
  bolt11: (terms: string, amount: bigint) => string
}>

/**
 * The content with some of its numbers at an end of their bounds, those of events in it too; as it was where the
 * schema takes no such.
 * @param share one of how many is changed, about
 */
export const extreme = <T extends Content>(
  name: KindName,
  content: T,
  draw: Draw,
  share: number,
  forge: Forge,
): T => {
  let now: Content = structuredClone(content)
  // Sums fail where all is as large as it can be, and quotients where nothing is.
  const order = ORDERS[draw(ORDERS.length)]!
  for (const path of leavesOf(now)) {
    if (draw(share) !== 0) continue
    const before = at(now, path)
    for (const value of tries(before, order, draw, forge)) {
      const changed = put(now, path, value)
      if (!SCHEMAS[name].safeParse(changed).success) continue
      now = changed
      break
    }
  }
  return (name === 'invoice' ? boundTo(now, draw, forge) : now) as T
}

/** Values, each list from the least: in which order they are tried. */
type Order = <T>(values: readonly T[], draw: Draw) => readonly T[]
const shuffled: Order = (values, draw) => {
  const rest = [...values]
  return values.flatMap(() => rest.splice(draw(rest.length), 1))
}
const ORDERS: readonly Order[] = [shuffled, shuffled, (it) => it.toReversed(), (it) => it]

type Path = readonly (string | number)[]

const isEvent = (it: unknown): it is Signed =>
  typeof it === 'object' && it !== null && 'sig' in it && 'content' in it

/** Where something stands that can be changed: a number, an amount, units, an event. */
const leavesOf = (it: unknown, path: Path = []): Path[] => {
  if (typeof it === 'number' || (typeof it === 'string' && DIGITS.test(it)) || isEvent(it))
    return [path]
  if (it === null) return path.length > 0 ? [path] : []
  if (typeof it !== 'object') return []
  const below = Object.entries(it).flatMap(([key, value]) => leavesOf(value, [...path, key]))
  const last = path.at(-1)
  return last === 'usage' || last === 'max' || last === 'rates' ? [path, ...below] : below
}

const at = (it: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => (value as Content)[key], it)

const put = (it: Content, [key, ...rest]: Path, value: unknown): Content => {
  const copy = (Array.isArray(it) ? [...it] : { ...it }) as Content
  copy[key!] = rest.length === 0 ? value : put(copy[key!] as Content, rest, value)
  return copy
}

/** What may stand there instead, in an order that is drawn. */
const tries = (before: unknown, order: Order, draw: Draw, forge: Forge): unknown[] => {
  if (isEvent(before)) return [extremeEvent(before, draw, 2, forge)]
  const numbers = [...order(NUMBERS, draw)]
  const amounts = [...order(AMOUNTS, draw)]
  if (typeof before === 'number') return numbers
  if (typeof before === 'string' || before === null) return [...amounts, ...numbers]
  // Units or rates: some of each, and those that nobody named.
  const some = (values: readonly unknown[]) =>
    Object.fromEntries(UNITS.flatMap((it) => (draw(2) ? [[it, order(values, draw)[0]]] : [])))
  return [some(NUMBERS), some(AMOUNTS)]
}

/** The same of an event, signed anew by its author. */
export const extremeEvent = (event: Signed, draw: Draw, share: number, forge: Forge): Signed => {
  const name = kindName(event.kind)
  const signer = forge.signerOf(event.pubkey)
  if (!name || !signer) return event
  const content = JSON.parse(event.content) as Content
  return forged(signer, event, extreme(name, content, draw, share, forge))
}

/** Terms are a text within: an invoice is made for them. */
const boundTo = (content: Content, draw: Draw, forge: Forge): Content => {
  const said = JSON.parse(String(content['terms'])) as Record<string, string>
  const changed = { ...said }
  for (const key of ['msat', 'seq', 'cum_used_msat'])
    if (draw(2)) changed[key] = shuffled(['9999999999', ...AMOUNTS], draw)[0]!
  const text = JSON.stringify(changed)
  const terms = parseTerms(text)
  if (typeof terms === 'string') return content
  return { terms: text, bolt11: forge.bolt11(text, terms.msat) }
}
