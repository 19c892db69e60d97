import { decrypt, encrypt, getConversationKey } from 'nostr-tools/nip44'
import { z } from 'zod'
import { parseSealed } from '../../protocol/json.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { isRefusal } from '../../protocol/refusal.ts'

/** What goes between us and one wallet service: NIP-44 and nothing else. NIP-04 proves no text to be whole. */
export type Sealer = Readonly<{
  seal(value: object): string
  /** The value that was sealed; undefined where it was not, or is no JSON. */
  open(content: string): unknown
}>

export const sealerOf = (secret: Uint8Array, wallet: PubKey): Sealer => {
  const key = getConversationKey(secret, wallet)
  return {
    seal: (value) => encrypt(JSON.stringify(value), key),
    open(content) {
      try {
        const parsed = parseSealed(decrypt(content, key))
        return isRefusal(parsed) ? undefined : parsed.value
      } catch {
        return undefined
      }
    },
  }
}

/** What became of a request. */
export type Outcome =
  | Readonly<{ state: 'done'; result: Readonly<Record<string, unknown>> }>
  | Readonly<{ state: 'error'; code: string; message: string }>
  /** The wallet service signed something that makes no sense, or that we cannot open. */
  | Readonly<{ state: 'nonsense' }>
  /** No answer. `why` for people. */
  | Readonly<{ state: 'silent'; why: string }>

/** What an answer to a request of this method says. */
export const outcomeOf = (opened: unknown, method: string): Outcome => {
  const read = REPLY.safeParse(opened)
  if (!read.success) return { state: 'nonsense' }
  const { error, result, result_type } = read.data
  if (error) return { state: 'error', code: error.code, message: error.message }
  return result && result_type === method ? { state: 'done', result } : { state: 'nonsense' }
}

const REPLY = z.object({
  result_type: z.string().optional(),
  // Some send an empty object where there is no error.
  error: z
    .object({ code: z.string().default(''), message: z.string().catch('') })
    .transform((it) => (it.code === '' && it.message === '' ? null : it))
    .nullish(),
  result: z.record(z.string(), z.unknown()).nullish(),
})

/** The payment hash that a notification is about. */
export const notifiedHash = (opened: unknown): string | undefined => {
  const read = NOTIFICATION.safeParse(opened)
  return read.success ? read.data.notification.payment_hash : undefined
}

const NOTIFICATION = z.object({
  notification: z.object({ payment_hash: z.string().regex(/^[0-9a-f]{64}$/) }),
})
