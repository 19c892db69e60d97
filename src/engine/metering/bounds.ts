import type { Sizes } from '../protocol/ask.ts'
import type { Unit, Units } from '../protocol/fields.ts'

/** Tokens that a model's template adds: once, and for each message. */
export type Template = Readonly<{ base: number; per_message: number }>

/**
 * The most of each unit that an input of these sizes can use (docs/protocol.md, rates): the
 * job's `max`. Input tokens are at most the UTF-8 bytes of the text, since every tokenizer
 * in use falls back to bytes, plus what the template adds.
 *
 * `cached_token` never stands in `max`: cached tokens are input tokens that were not read
 * again, `usage` counts them apart, and the bound of `in_token` is a bound of both together.
 * Units that no size measures are left out, which means zero.
 * @param units what the task is billed by
 */
export const maxUnits = (units: readonly Unit[], sizes: Sizes, template: Template): Units => {
  const max: Partial<Record<Unit, number>> = {}
  for (const unit of units) {
    const bound = BOUND_OF[unit]?.(sizes, template)
    if (bound !== undefined) max[unit] = Math.min(bound, Number.MAX_SAFE_INTEGER)
  }
  return max
}

/** Whether no unit was used more than `max` allows; fresh and cached input count together. */
export const withinMax = (usage: Units, max: Units): boolean => overMax(usage, max) === null

/** The first unit that was used more than `max` allows, with both numbers; null when all are within. */
export const overMax = (
  usage: Units,
  max: Units,
): Readonly<{ unit: Unit; used: number; most: number }> | null => {
  const { cached_token = 0, ...rest } = usage
  const total = cached_token > 0 ? { ...rest, in_token: inputTokens(usage) } : rest
  for (const [unit, used] of Object.entries(total) as [Unit, number][]) {
    const most = max[unit] ?? 0
    if (used > most) return { unit, used, most }
  }
  return null
}

/**
 * What a client without a tokenizer can check: usage is no more than the sizes of its own
 * input and its own limit on the output allow.
 */
export const plausible = (usage: Units, sizes: Sizes, template: Template): boolean =>
  withinMax(usage, maxUnits(Object.keys(BOUND_OF) as Unit[], sizes, template))

/** Input tokens of either sort. */
const inputTokens = (usage: Units): number => (usage.in_token ?? 0) + (usage.cached_token ?? 0)

const BOUND_OF: Partial<Record<Unit, (sizes: Sizes, template: Template) => number>> = {
  in_token: (sizes, template) =>
    sizes.bytes + template.base + template.per_message * sizes.messages,
  out_token: (sizes) => sizes.out_tokens,
  byte: (sizes) => sizes.bytes,
  // A character is one byte of UTF-8 at least.
  character: (sizes) => sizes.bytes,
  document: (sizes) => sizes.documents,
  item: (sizes) => sizes.items,
}
