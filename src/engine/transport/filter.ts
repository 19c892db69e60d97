import { z } from 'zod'
import { kindClass, kindName } from '../protocol/kinds.ts'
import { PUBLIC_KINDS } from '../protocol/messages.ts'
import type { Filter, Indexed } from './link.ts'

/** Whether an event passes a filter (NIP-01): every condition, any value of each. */
export const matchesFilter = (filter: Filter, event: Indexed): boolean => matcherOf(filter)(event)

/** A filter made ready for many events: its lists are up to 500 values long, and looked up, not read. */
export const matcherOf = (filter: Filter): ((event: Indexed) => boolean) => {
  const { since = 0, until = Infinity } = filter
  const [ids, authors, kinds] = [setOf(filter.ids), setOf(filter.authors), setOf(filter.kinds)]
  const tags = Object.entries(filter).flatMap(([condition, values]) =>
    condition.startsWith('#') && Array.isArray(values)
      ? [{ name: condition.slice(1), values: new Set<unknown>(values) }]
      : [],
  )
  return (event) =>
    (ids?.has(event.id) ?? true) &&
    (authors?.has(event.pubkey) ?? true) &&
    (kinds?.has(event.kind) ?? true) &&
    event.created_at >= since &&
    event.created_at <= until &&
    hasAll(event, tags)
}

/** Whether one of each is among an event's tags. Plain loops: a door asks this for all that it passes on. */
const hasAll = (event: Indexed, wanted: readonly Wanted[]): boolean => {
  for (const one of wanted) if (!has(event, one)) return false
  return true
}

const has = ({ tags }: Indexed, { name, values }: Wanted): boolean => {
  for (const tag of tags) if (tag[0] === name && values.has(tag[1])) return true
  return false
}

type Wanted = Readonly<{ name: string; values: ReadonlySet<unknown> }>

const setOf = <T>(list: readonly T[] | undefined): ReadonlySet<T> | undefined =>
  list && new Set(list)

/** A filter as it came from a stranger, bounded; undefined where it is none. */
export const parseFilter = (value: unknown): Filter | undefined => {
  const parsed = shape.safeParse(value)
  if (!parsed.success) return undefined
  const { ids, authors, kinds, since, until, limit, ...rest } = parsed.data
  const tags = Object.entries(rest)
  // A condition that is unknown must not be ignored: the answer would be more than was asked for.
  if (tags.length > 10 || tags.some(([name]) => !/^#[a-zA-Z]$/.test(name))) return undefined
  return {
    ...(ids && { ids }),
    ...(authors && { authors }),
    ...(kinds && { kinds }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(limit !== undefined && { limit }),
    ...Object.fromEntries(tags),
  }
}

/**
 * Whose messages a filter asks for: null where it asks for public ones only, else the keys of `#p`;
 * an empty list where it asks for messages that are addressed, but not whose.
 */
export const addresseesOf = (filter: Filter): readonly string[] | null => {
  if (filter.kinds && !filter.kinds.some(isAddressed)) return null
  if (!filter['#p'] && (filter.ids || !filter.kinds)) return null
  return filter['#p'] ?? []
}

/** Whether messages of a kind are for their addressee alone: ephemeral ones, and receipts with theirs. */
export const isAddressed = (kind: number): boolean => {
  const name = kindName(kind)
  return name ? !PUBLIC_KINDS.has(name) : kindClass(kind) === 'ephemeral'
}

const values = z.array(z.string().max(300)).max(500)
const seconds = z.number().int().min(0)
const shape = z
  .object({
    ids: values.optional(),
    authors: values.optional(),
    kinds: z.array(z.number().int().min(0).max(65_535)).max(100).optional(),
    since: seconds.optional(),
    until: seconds.optional(),
    limit: z.number().int().min(0).optional(),
  })
  .catchall(values)
