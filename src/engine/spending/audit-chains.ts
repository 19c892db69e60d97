import { BOUNDS } from '../base/bounds.ts'
import type { AuditFinding } from '../metering/audit.ts'
import { finding, many, short, spanOf } from '../metering/finding.ts'
import type { Message } from '../protocol/messages.ts'
import type { Payment } from './audit-payments.ts'
import { tabOf } from './audit-terms.ts'

type Said = Message<'statement'>

/**
 * All statements of one tab against each other, and against what its node acknowledged. Two that contradict each
 * other are proof against the node, whoever holds them; a gap only says that there are some which are not here.
 * @param statements of one node and tab, by rising `n`
 */
export const chainFindings = (
  statements: readonly Said[],
  payments: readonly Payment[],
): AuditFinding[] => {
  const [first] = statements
  if (!first) return []
  const wrong = [...sameNumber(statements), ...broken(statements), ...chargedTwice(statements)]
  const chain = wrong.length > 0 ? wrong : [good(statements)]
  return [...chain, ...forgotten(statements, payments)]
}

/**
 * One sentence for each that is dated well before the one that it follows. A clock that was set back does that, too:
 * it is no proof against its node, and whoever relies on the dates is told.
 */
export const datedBack = (statements: readonly Said[]): string[] =>
  pairs(statements).flatMap(([a, b]) => {
    const early = a.event.created_at - b.event.created_at
    if (a.body.n === b.body.n || early <= BOUNDS.freshnessMs / 1000) return []
    return `when statement ${many(b.body.n)} was signed: it is dated ${spanOf(early)} before number ${many(a.body.n)}, so a clock was set back or a date is false`
  })

const good = (statements: readonly Said[]): AuditFinding => {
  const [first, last] = [statements[0]!, statements.at(-1)!]
  const gaps = last.body.n - first.body.n + 1 > new Set(statements.map((it) => it.body.n)).size
  const detail =
    statements.length === 1
      ? `statement ${many(first.body.n)} contradicts nothing`
      : `statements ${many(first.body.n)} to ${many(last.body.n)} follow from one another${gaps ? ', as far as they are here' : ''}`
  return { ...finding('statement.chain', true, detail, ''), about: last.event.id }
}

/** Two with one number that say different things. The same one signed again says nothing new. */
const sameNumber = (statements: readonly Said[]): AuditFinding[] =>
  pairs(statements).flatMap(([a, b]): AuditFinding[] => {
    const field = FIELDS.find((name) => a.body[name] !== b.body[name])
    if (a.body.n !== b.body.n || !field) return []
    const both = `statements ${short(a.event.id)} and ${short(b.event.id)} of ${short(a.event.pubkey)}`
    const bad = `${both} contradict each other: both have number ${many(a.body.n)}, with another ${field}`
    return [{ ...finding('statement.once', false, '', bad), about: b.event.id }]
  })

const FIELDS = ['paid', 'used', 'reserved', 'receipt', 'cost'] as const

/** Each adds the cost of its receipt to the one before; what was paid never grows less. */
const broken = (statements: readonly Said[]): AuditFinding[] =>
  pairs(statements).flatMap(([a, b]): AuditFinding[] => {
    const gap = b.body.n - a.body.n
    if (gap === 0) return []
    const least = a.body.used + b.body.cost
    const follows = gap === 1 ? b.body.used === least : b.body.used >= least
    if (follows && b.body.paid >= a.body.paid) return []
    const bad =
      b.body.paid < a.body.paid
        ? `statement ${many(b.body.n)} says ${many(b.body.paid)} msat paid, number ${many(a.body.n)} said ${many(a.body.paid)}`
        : `statement ${many(b.body.n)} says ${many(b.body.used)} msat used, number ${many(a.body.n)} and its own cost make ${many(least)}`
    return [{ ...finding('statement.chain', false, '', bad), about: b.event.id }]
  })

const chargedTwice = (statements: readonly Said[]): AuditFinding[] => {
  const seen = new Map<string, Said>()
  return statements.flatMap((it): AuditFinding[] => {
    const other = seen.get(it.body.receipt)
    seen.set(it.body.receipt, other ?? it)
    if (!other || other.body.n === it.body.n) return []
    const bad = `statements ${many(other.body.n)} and ${many(it.body.n)} both charge receipt ${short(it.body.receipt)}`
    return [{ ...finding('statement.receipt', false, '', bad), about: it.event.id }]
  })
}

/** What the node signed that it has, it must count from then on. */
const forgotten = (statements: readonly Said[], payments: readonly Payment[]): AuditFinding[] => {
  const { event } = statements[0]!
  const tab = tabOf(event.pubkey, event.tags.find((tag) => tag[0] === 'p')?.[1] ?? '')
  const known = payments
    .flatMap(({ at, ...it }) => (it.tab === tab && at !== null ? [{ ...it, at }] : []))
    .toSorted((a, b) => a.at - b.at)
  if (known.length === 0) return []
  const rising = statements.toSorted((a, b) => a.event.created_at - b.event.created_at)
  let [next, sum] = [0, 0n]
  for (const it of rising) {
    // Its two signatures may be of one second, or its clock was set between them.
    const before = it.event.created_at - BOUNDS.freshnessMs / 1000
    while (next < known.length && known[next]!.at <= before) sum += known[next++]!.msat
    if (it.body.paid >= sum) continue
    const bad = `statement ${many(it.body.n)} says ${many(it.body.paid)} msat paid, after its node had acknowledged ${many(sum)}`
    return [{ ...finding('statement.paid', false, '', bad), about: it.event.id }]
  }
  const detail = `the statements count what their node acknowledged, ${many(known.reduce((all, it) => all + it.msat, 0n))} msat`
  return [{ ...finding('statement.paid', true, detail, ''), about: event.id }]
}

const pairs = (statements: readonly Said[]): (readonly [Said, Said])[] =>
  statements.slice(1).map((it, i) => [statements[i]!, it] as const)
