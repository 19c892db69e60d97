import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { concat, fromHex, fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import { Fault } from '../base/fault.ts'
import type { Random } from '../base/random.ts'
import { hex32 } from '../protocol/fields.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import { type HpkeContext, exportKey, open, seal, setupReceiver, setupSender } from './hpke.ts'
import { privateKeyOf, publicKeyOf } from './x25519.ts'

/** The X25519 pair of one ticket: the secret stays with the node, the public key is in the ticket. */
export type TicketKey = Readonly<{ secret: Uint8Array; public: string }>

/** The content key of a job, sealed for one ticket: `enc` is 64 hex digits, `ct` base64. */
export type Wrap = Readonly<{ enc: string; ct: string }>

/** What both ends derive besides the content key, 32 bytes each. */
export type JobSecrets = Readonly<{
  /** Seals output frames (frame-seal.ts). */
  out: Uint8Array
  /** Authenticates credits, both ways (protocol/frames.ts). */
  credit: Uint8Array
  /** Commits the receipt to input and output (frame-seal.ts). */
  commit: Uint8Array
  /** Seals what the node says about money in the job (frame-seal.ts). */
  money: Uint8Array
}>

type Parties = { job: JobId; ticket: EventId; client: PubKey }

/** A fresh pair for one ticket. */
export const newTicketKey = (random: Random): TicketKey => {
  const secret = random.bytes(32)
  return { secret, public: toHex(imported(secret).own) }
}

/**
 * Seals a job's content key for one ticket (HPKE, RFC 9180) and derives the job's secrets.
 * Only the holder of that ticket's secret can open it, for this job and this client alone.
 *
 * @param args.to the ticket's public key, 64 hex digits
 * @param args.contentKey 32 bytes
 * @param args.draw the text of the draw (4645) that lets the node charge the job to a tab; null without one
 * @throws Fault `verification` `ticket.key` for a key of low order, to which nothing can be sealed
 */
export const wrapKey = (
  args: Parties & { to: string; contentKey: Uint8Array; draw?: string | null; random: Random },
): { wrap: Wrap; secrets: JobSecrets } => {
  if (args.contentKey.length !== 32) throw new RangeError('a content key has 32 bytes')
  const sender = setupSender(fromHex(args.to), infoOf(args), args.random.bytes(32))
  if (!sender)
    throw new Fault('verification', 'ticket.key', 'the job key of the ticket is not usable', {
      hint: 'take another ticket; this node made a key that protects nothing',
    })
  const { draw } = args
  const plaintext = utf8(JSON.stringify({ key: toHex(args.contentKey), ...(draw && { draw }) }))
  const ct = seal(sender.context, 0, NO_AAD, plaintext)
  return {
    wrap: { enc: toHex(sender.enc), ct: ct.toBase64() },
    secrets: secretsOf(sender.context),
  }
}

/**
 * Opens what `wrapKey` sealed.
 * @param args.secret the ticket's secret, 32 bytes
 * @returns undefined where it does not open: other ticket, other job, other client, or damaged
 */
export const openWrap = (
  args: Parties & { secret: Uint8Array; wrap: Wrap },
): { contentKey: Uint8Array; draw: string | null; secrets: JobSecrets } | undefined => {
  const wrap = wrapBytes(args.wrap)
  if (!wrap) return undefined
  const { key, own } = imported(args.secret)
  const context = setupReceiver(key, own, wrap.enc, infoOf(args))
  const plaintext = context && open(context, 0, NO_AAD, wrap.ct)
  const inside = plaintext && insideOf(plaintext)
  return inside && { ...inside, secrets: secretsOf(context) }
}

const NO_AAD = new Uint8Array(0)
/** Bytes of ciphertext, at most: as in the schema of a job (protocol/job.ts). */
const MAX_CT = 3072

const infoOf = ({ ticket, job, client }: Parties): Uint8Array =>
  concat(utf8('fedai/1'), fromHex(ticket), fromHex(job), fromHex(client))

const secretsOf = (context: HpkeContext): JobSecrets => ({
  out: exportKey(context, utf8('fedai/1 out')),
  credit: exportKey(context, utf8('fedai/1 credit')),
  commit: exportKey(context, utf8('fedai/1 commit')),
  money: exportKey(context, utf8('fedai/1 money')),
})

// A node opens a wrap with a key that it made seconds before: keep what was computed then,
// for as long as somebody holds the secret.
const imports = new WeakMap<Uint8Array, { key: KeyObject; own: Uint8Array }>()

const imported = (secret: Uint8Array): { key: KeyObject; own: Uint8Array } => {
  const cached = imports.get(secret)
  if (cached) return cached
  const key = privateKeyOf(secret)
  const pair = { key, own: publicKeyOf(key) }
  imports.set(secret, pair)
  return pair
}

const wrapBytes = (wrap: Wrap): { enc: Uint8Array; ct: Uint8Array } | undefined => {
  try {
    const ct = Uint8Array.fromBase64(wrap.ct)
    return ct.length <= MAX_CT ? { enc: fromHex(wrap.enc), ct } : undefined
  } catch {
    return undefined
  }
}

/** What is inside a wrap. Fields that we do not know are ignored: later versions add some. */
const wrapped = z.object({ key: hex32, draw: z.string().max(2_500).optional() })

const insideOf = (
  plaintext: Uint8Array,
): { contentKey: Uint8Array; draw: string | null } | undefined => {
  try {
    const parsed = wrapped.safeParse(JSON.parse(fromUtf8(plaintext)))
    if (!parsed.success) return undefined
    return { contentKey: fromHex(parsed.data.key), draw: parsed.data.draw ?? null }
  } catch {
    return undefined
  }
}
