import type { UnixSec } from '../../base/clock.ts'
import type { Msat } from '../../base/money.ts'
import type { Net } from '../event.ts'
import type { PaymentHash } from '../ids.ts'

/** Currency prefixes that follow `ln` (BOLT 11): mainnet, testnet, signet, regtest, and lnd's simnet. */
export const PREFIXES = ['bc', 'tb', 'tbs', 'bcrt', 'sb'] as const
export type Prefix = (typeof PREFIXES)[number]

/** An invoice as BOLT 11 says it. Bytes are lower-case hex; nobody has looked at the signature yet (payee.ts). */
export type Invoice = Readonly<{
  prefix: Prefix
  /** null where it says none: then a preimage proves no amount, and fedai refuses it. */
  msat: Msat | null
  timestamp: UnixSec
  /** Seconds after `timestamp`. */
  expirySec: number
  paymentHash: PaymentHash
  paymentSecret: string
  /** Either this or `descriptionHash` is null. Anybody's text: never shown as it is. */
  description: string | null
  descriptionHash: string | null
  /** The key that it names itself, 33 bytes; null where only the signature tells. */
  payee: string | null
  /** Blocks. */
  minFinalCltv: number
  /** Numbers of the bits that are set, rising (BOLT 9). */
  features: readonly number[]
  /** Private ways to the payee. */
  routes: readonly (readonly Hop[])[]
  /** Addresses on the chain; fedai pays none. */
  fallbacks: readonly Fallback[]
  metadata: string | null
  /** What was signed, and the signature: 32 bytes, 64 bytes, 0 to 3. */
  hash: Uint8Array
  sig: Uint8Array
  recovery: number
}>

export type Hop = Readonly<{
  key: string
  /** 8 bytes: block, transaction, output. */
  channel: string
  feeBaseMsat: number
  feePpm: number
  cltvDelta: number
}>

/** A witness version and program, or 17 (P2PKH) or 18 (P2SH) and a hash of 20 bytes. */
export type Fallback = Readonly<{ version: number; program: string }>

/** What a writer has to say; all else is the default of BOLT 11. */
export type InvoiceDraft = Readonly<
  Pick<
    Invoice,
    | 'prefix'
    | 'msat'
    | 'timestamp'
    | 'paymentHash'
    | 'paymentSecret'
    | 'description'
    | 'descriptionHash'
  > &
    Partial<
      Pick<
        Invoice,
        'expirySec' | 'payee' | 'minFinalCltv' | 'features' | 'routes' | 'fallbacks' | 'metadata'
      >
    >
>

/** Why a text is no invoice that fedai reads. */
export const BOLT11_FLAWS = [
  /** Over 4 kB, or not ASCII. */
  'bolt11.text',
  /** Not bech32 (BIP 173): mixed case, no separator, a foreign character, a wrong checksum. */
  'bolt11.bech32',
  /** Another currency, or no invoice at all. */
  'bolt11.prefix',
  /** A leading zero, another multiplier, less than an msat, more than there is. */
  'bolt11.amount',
  /** No room for time and signature, or a field that runs over the end. */
  'bolt11.short',
  /** Said twice, so that two readers could each take another. */
  'bolt11.twice',
  /** Bits left over that are not zero, or a whole word of them. */
  'bolt11.padding',
  /** Zeros before it, or over 2^53 − 1. */
  'bolt11.number',
  'bolt11.no_payment_hash',
  'bolt11.no_payment_secret',
  /** Not exactly one of description and hash, or a description that is not UTF-8. */
  'bolt11.description',
  'bolt11.route',
  'bolt11.fallback',
  /** Something that we do not know is demanded, a feature without what it needs, or zeros before the first. */
  'bolt11.feature',
  /** The signature's last byte is not 0 to 3. */
  'bolt11.recovery',
] as const
export type Bolt11Flaw = (typeof BOLT11_FLAWS)[number]

/** Defaults of BOLT 11. */
export const DEFAULT_EXPIRY_SEC = 3600
export const DEFAULT_MIN_FINAL_CLTV = 18

/** Whether an invoice of this prefix can be of that network. Play money has the prefix of regtest. */
export const fitsNet = (prefix: Prefix, net: Net): boolean => PREFIXES_OF[net].includes(prefix)

/** The prefix in which invoices for a network are written. */
export const prefixOf = (net: Net): Prefix => PREFIXES_OF[net][0]

const PREFIXES_OF: Readonly<Record<Net, readonly [Prefix, ...Prefix[]]>> = {
  mainnet: ['bc'],
  testnet: ['tb', 'tbs'],
  regtest: ['bcrt', 'sb'],
  sim: ['bcrt'],
}
