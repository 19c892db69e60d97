import { z } from 'zod'
import { UNITS } from '../engine/protocol/fields.ts'

/**
 * Parts of what `--json` prints that several commands share. The shapes beside each command are made of
 * them; `fedai schema` prints them, and tests hold real output to them.
 */

/** 32 bytes in hex: a key, an id. */
export const hex = z.string().regex(/^[0-9a-f]{64}$/)
export const npubText = z.string().regex(/^npub1[0-9a-z]{58}$/)
/** msat as a decimal string: a JSON number would lose digits in many readers. */
export const msatText = z.string().regex(/^(0|[1-9][0-9]{0,18})$/)
/** The same, below 0 where something is owed. */
export const signedMsatText = z.string().regex(/^(0|-?[1-9][0-9]{0,18})$/)
/** A Lightning node: 33 bytes in hex. */
export const lightningKey = z.string().regex(/^0[23][0-9a-f]{64}$/)
export const units = z.partialRecord(z.enum(UNITS), z.number()).readonly()

/** A signed event (NIP-01), as it crossed the wire. */
export const event = z
  .object({
    kind: z.int(),
    created_at: z.int(),
    tags: z.array(z.array(z.string()).readonly()).readonly(),
    content: z.string(),
    id: hex,
    pubkey: hex,
    sig: z.string().regex(/^[0-9a-f]{128}$/),
  })
  .readonly()

export const errorFields = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
})

/** What every command with `--json` prints on stderr when it fails. */
export const errorShape = z.object({ error: errorFields })
