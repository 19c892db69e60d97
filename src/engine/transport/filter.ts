import { z } from 'zod'
import type { Signed } from '../protocol/event.ts'
import { kindClass, kindName } from '../protocol/kinds.ts'
import { PUBLIC_KINDS } from '../protocol/messages.ts'
import type { Filter } from './link.ts'

/** Whether an event passes a filter (NIP-01): every condition, any value of each. */
export const matchesFilter = (filter: Filter, event: Signed): boolean => {
  if (filter.ids && !filter.ids.includes(event.id)) return false
  if (filter.authors && !filter.authors.includes(event.pubkey)) return false
  if (filter.kinds && !filter.kinds.includes(event.kind)) return false
  if (filter.since !== undefined && event.created_at < filter.since) return false
  if (filter.until !== undefined && event.created_at > filter.until) return false
  for (const [condition, values] of Object.entries(filter)) {
    if (!condition.startsWith('#') || !Array.isArray(values)) continue
    const name = condition.slice(1)
    if (!event.tags.some((tag) => tag[0] === name && values.includes(tag[1]))) return false
  }
  return true
}

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
