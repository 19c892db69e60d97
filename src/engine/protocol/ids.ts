import type { Brand } from '../base/brand.ts'

/** 32 bytes as 64 lower-case hex digits. */
type Hex32<Name extends string> = Brand<string, Name>

/** A BIP-340 x-only public key. */
export type PubKey = Hex32<'PubKey'>
/** SHA-256 of an event's canonical array (NIP-01). */
export type EventId = Hex32<'EventId'>
/** A BIP-340 signature: 128 lower-case hex digits. */
export type Signature = Brand<string, 'Signature'>
/** 32 random bytes which the client chose for one job. */
export type JobId = Hex32<'JobId'>
/** 16 random bytes which a node chose at its start. */
export type BootId = Brand<string, 'BootId'>
/** SHA-256 of a preimage: what a Lightning invoice is known by (BOLT 11). */
export type PaymentHash = Hex32<'PaymentHash'>
/** 32 bytes that settle the invoice of their hash. */
export type Preimage = Hex32<'Preimage'>
/** What a frame carries instead of job and ticket: 32 lower-case hex digits (see frames.ts). */
export type JobTag = Brand<string, 'JobTag'>

const constructor =
  <T extends string>(what: string, digits: number) =>
  (text: string): T => {
    if (text.length !== digits || !/^[0-9a-f]+$/.test(text))
      throw new RangeError(`${what} must be ${digits} lower-case hex digits`)
    return text as T
  }

export const pubKey = constructor<PubKey>('public key', 64)
export const eventId = constructor<EventId>('event id', 64)
export const signature = constructor<Signature>('signature', 128)
export const jobId = constructor<JobId>('job id', 64)
export const paymentHash = constructor<PaymentHash>('payment hash', 64)
export const preimage = constructor<Preimage>('preimage', 64)
export const bootId = constructor<BootId>('boot id', 32)
