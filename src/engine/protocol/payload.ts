import { z } from 'zod'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { compiled } from './compiled.ts'
import { finish, type Finish, type Units, unitsField } from './fields.ts'
import { parseSealed } from './json.ts'
import { isRefusal } from './refusal.ts'

/**
 * What an output frame holds once it is opened: deltas of the task, the cumulative usage up to and
 * with the last of them, and in the last frame how the job ended.
 */
export type OutputPayload = Readonly<{ p: readonly unknown[]; u: Units; end?: Finish | undefined }>

const outputPayload = z.object({
  p: z.array(z.unknown()).max(100_000),
  u: unitsField,
  end: finish.optional(),
})

export const encodeOutput = (payload: OutputPayload): Uint8Array => utf8(JSON.stringify(payload))

/** The payload of an opened frame, or undefined where it is none. */
export const decodeOutput = (plaintext: Uint8Array): OutputPayload | undefined => {
  read ??= compiled<OutputPayload>(outputPayload)
  return read(decodeSealed(plaintext))
}

let read: ((value: unknown) => OutputPayload | undefined) | undefined

/** Sealed JSON: UTF-8, depth 64 at most, finite numbers. Undefined where it is none. */
export const decodeSealed = (plaintext: Uint8Array): unknown => {
  try {
    const parsed = parseSealed(fromUtf8(plaintext))
    return isRefusal(parsed) ? undefined : parsed.value
  } catch {
    return undefined
  }
}
