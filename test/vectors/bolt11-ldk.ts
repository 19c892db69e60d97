// BOLT 11 as LDK reads it (lightningdevkit 0.1: LDK 0.1 as wasm), in words that ours can be held against.
import * as ldk from 'lightningdevkit'
import type { Hop, Invoice, Prefix } from '../../src/engine/protocol/bolt11/invoice.ts'

const wasm = Bun.resolveSync('lightningdevkit/liblightningjs.wasm', import.meta.dir)
await ldk.initializeWasmFromBinary(await Bun.file(wasm).bytes())

/** What both can say of an invoice. */
export type Said = Readonly<{
  prefix: Prefix
  msat: bigint | null
  timestamp: number
  expirySec: number
  minFinalCltv: number
  paymentHash: string
  paymentSecret: string
  metadata: string | null
  routes: readonly (readonly Hop[])[]
  fallbacks: number
  payee: string
}>

export const saidOf = (it: Invoice, payee: string): Said => ({
  prefix: it.prefix,
  msat: it.msat,
  timestamp: it.timestamp,
  expirySec: it.expirySec,
  minFinalCltv: it.minFinalCltv,
  paymentHash: it.paymentHash,
  paymentSecret: it.paymentSecret,
  metadata: it.metadata,
  routes: it.routes,
  fallbacks: it.fallbacks.length,
  payee,
})

/** What LDK reads, or its name for what is wrong. */
export const ldkReads = (text: string): Said | string => {
  const result = ldk.Bolt11Invoice.constructor_from_str(text)
  if (result instanceof ldk.Result_Bolt11InvoiceParseOrSemanticErrorZ_Err) return nameOf(result.err)
  const it = invoiceOf(result)
  const msat = it.amount_milli_satoshis()
  const metadata = it.payment_metadata()
  return {
    prefix: PREFIXES[it.currency()],
    msat: msat instanceof ldk.Option_u64Z_Some ? msat.some : null,
    timestamp: Number(it.duration_since_epoch()),
    expirySec: Number(it.expiry_time()),
    minFinalCltv: Number(it.min_final_cltv_expiry_delta()),
    paymentHash: it.payment_hash().toHex(),
    paymentSecret: it.payment_secret().toHex(),
    metadata: metadata instanceof ldk.Option_CVec_u8ZZ_Some ? metadata.some.toHex() : null,
    routes: it.route_hints().map((route) => route.get_a().map(hopOf)),
    fallbacks: it.fallback_addresses().length,
    payee: it.get_payee_pub_key().toHex(),
  }
}

/** Whether LDK finds this description, or this hash of one, in an invoice that it reads. */
export const ldkFinds = (
  text: string,
  { description, descriptionHash }: Pick<Invoice, 'description' | 'descriptionHash'>,
): boolean => {
  const raw = invoiceOf(ldk.Bolt11Invoice.constructor_from_str(text))
    .into_signed_raw()
    .raw_invoice()
  if (description !== null) return raw.description().to_str() === description
  const hash = Uint8Array.fromHex(descriptionHash!)
  // A boolean by its type, 0 or 1 in truth.
  return Boolean(raw.description_hash().eq(ldk.Sha256.constructor_from_bytes(hash)))
}

const PREFIXES: Readonly<Record<ldk.Currency, Prefix>> = {
  [ldk.Currency.LDKCurrency_Bitcoin]: 'bc',
  [ldk.Currency.LDKCurrency_BitcoinTestnet]: 'tb',
  [ldk.Currency.LDKCurrency_Regtest]: 'bcrt',
  [ldk.Currency.LDKCurrency_Simnet]: 'sb',
  [ldk.Currency.LDKCurrency_Signet]: 'tbs',
}

const invoiceOf = (result: ldk.Result_Bolt11InvoiceParseOrSemanticErrorZ): ldk.Bolt11Invoice => {
  if (result instanceof ldk.Result_Bolt11InvoiceParseOrSemanticErrorZ_OK) return result.res
  throw new Error('LDK does not read it')
}

const nameOf = (error: ldk.ParseOrSemanticError): string => {
  if (error instanceof ldk.ParseOrSemanticError_SemanticError)
    return ldk.Bolt11SemanticError[error.semantic_error]!.replace('LDKBolt11SemanticError_', '')
  return error instanceof ldk.ParseOrSemanticError_ParseError
    ? error.parse_error.to_str()
    : 'unknown'
}

// The numbers of wasm have a sign.
const hopOf = (hop: ldk.RouteHintHop): Hop => ({
  key: hop.get_src_node_id().toHex(),
  channel: BigInt.asUintN(64, hop.get_short_channel_id()).toString(16).padStart(16, '0'),
  feeBaseMsat: hop.get_fees().get_base_msat() >>> 0,
  feePpm: hop.get_fees().get_proportional_millionths() >>> 0,
  cltvDelta: hop.get_cltv_expiry_delta() & 0xffff,
})
