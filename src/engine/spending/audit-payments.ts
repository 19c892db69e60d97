import { BOUNDS } from '../base/bounds.ts'
import { showMsat } from '../base/money.ts'
import type { AuditFinding } from '../metering/audit.ts'
import { addressCheck, signerCheck } from '../metering/audit-checks.ts'
import type { Documents } from '../metering/audit-documents.ts'
import { type Finding, finding, many, short, spanOf } from '../metering/finding.ts'
import type { EcdsaVerifier } from '../protocol/bolt11/payee.ts'
import { type Net, tagValue } from '../protocol/event.ts'
import type { EventId } from '../protocol/ids.ts'
import type { Message } from '../protocol/messages.ts'
import { type FoundInvoice, invoicesIn, tabOf } from './audit-terms.ts'
import { proofFlaw } from './invoice-check-proof.ts'

/** One payment that documents show, each once. */
export type Payment = Readonly<{
  /** To which payee, from which payer (`tabOf`). */
  tab: string
  msat: bigint
  /** When the payee signed that it has it, s since 1970; null where only a preimage shows it. */
  at: number | null
}>

type Report = Readonly<{ findings: AuditFinding[]; unchecked: string[]; payments: Payment[] }>

/** Acknowledgements and proofs, each against its invoice. */
export const paymentFindings = (documents: Documents, secp: EcdsaVerifier): Report => {
  const invoices = invoicesIn(documents)
  const byHash = Map.groupBy(invoices, (it) => it.paymentHash ?? '')
  const byId = new Map(invoices.map((it) => [it.message.event.id, it]))
  const unchecked: string[] = []
  const findings: AuditFinding[] = []
  const payments = new Map<string, Payment>()
  for (const paid of documents.of('paid')) {
    const { event, body } = paid
    const about = event.id
    const all = byHash.get(body.payment_hash) ?? []
    const invoice = all.find(({ hash }) => hash === body.terms) ?? all[0]
    if (!invoice) {
      unchecked.push(
        `paid ${short(about)}: its invoice is not given, so who paid what for what was not checked`,
      )
      continue
    }
    const checks = paidChecks(paid, invoice)
    findings.push(...checks.map((it) => ({ ...it, about })))
    if (checks.some((it) => !it.ok)) continue
    const { payee, payer } = invoice.terms
    const payment = { tab: tabOf(payee, payer), msat: body.received, at: event.created_at }
    payments.set(body.payment_hash, payment)
  }
  for (const proof of documents.of('proof')) {
    const invoice = byId.get(proof.body.invoice.id as EventId)
    // What it carries did not hold by itself: that is said already.
    if (!invoice) continue
    const checks = proofChecks(proof, invoice, documents, secp)
    findings.push(...checks.map((it) => ({ ...it, about: proof.event.id })))
    const { paymentHash, terms } = invoice
    if (paymentHash === null || payments.has(paymentHash) || checks.some((it) => !it.ok)) continue
    const tab = tabOf(terms.payee, terms.payer)
    payments.set(paymentHash, { tab, msat: terms.msat, at: null })
  }
  findings.push(...twicePaid(documents))
  return { findings, unchecked, payments: [...payments.values()] }
}

const paidChecks = (paid: Message<'paid'>, { message, terms, hash }: FoundInvoice): Finding[] => {
  const { body, event } = paid
  const which = `invoice ${short(message.event.id)}`
  const other =
    body.terms !== hash
      ? 'terms'
      : body.ref !== terms.ref
        ? 'tab'
        : body.seq !== terms.seq
          ? 'number'
          : null
  const early = message.event.created_at - event.created_at
  return [
    signerCheck(
      'paid.signer',
      'acknowledgement of the payment',
      event.pubkey,
      'invoice',
      terms.payee,
    ),
    addressCheck('paid.addressee', 'paid', paid, 'the payer of the invoice', terms.payer),
    finding(
      'paid.terms',
      other === null,
      `the payment is that of ${which} (${terms.for} ${terms.seq})`,
      `it acknowledges a payment of ${which} under another ${other} than the invoice says`,
    ),
    // BOLT 4: a payee may take up to twice the amount, and no less.
    finding(
      'paid.received',
      body.received >= terms.msat && body.received <= terms.msat * 2n,
      `${showMsat(body.received)} received of ${showMsat(terms.msat)}`,
      `${many(body.received)} msat are acknowledged for an invoice over ${many(terms.msat)} msat`,
    ),
    finding(
      'paid.time',
      early <= SKEW_S,
      `acknowledged after ${which} was signed`,
      `it was acknowledged ${spanOf(Math.max(0, early))} before ${which} was signed`,
    ),
  ]
}

const proofChecks = (
  proof: Message<'proof'>,
  { message, terms }: FoundInvoice,
  documents: Documents,
  secp: EcdsaVerifier,
): Finding[] => {
  const { body, event } = proof
  const which = `invoice ${short(message.event.id)}`
  const paid = body.paid && documents.byId(body.paid.id as EventId)
  const evidence = [
    ...(body.preimage === null ? [] : [{ preimage: body.preimage }]),
    ...(paid?.name === 'paid'
      ? [{ paid: { signer: paid.event.pubkey, paymentHash: paid.body.payment_hash } }]
      : []),
  ]
  const invoice = { ...message.body, signer: message.event.pubkey }
  const agreed = { ...terms, net: tagValue(event, 'net') as Net }
  const rules = { secp, pinnedKeys: [], allowMemo: true, now: null }
  const flaws = evidence.flatMap(
    (one) => proofFlaw({ invoice, signer: event.pubkey, evidence: one }, agreed, rules) ?? [],
  )
  const [flaw = evidence.length === 0 ? 'pay.evidence' : null] = flaws
  return [
    finding(
      flaw ? `proof.${flaw.slice(flaw.indexOf('.') + 1)}` : 'proof.evidence',
      flaw === null,
      `${which} was paid: ${body.preimage === null ? 'its payee says so' : 'here is its preimage'}`,
      flaw ? `the proof for ${which} ${WORDS[flaw] ?? `does not hold: ${flaw}`}` : '',
    ),
    ...(terms.router === ''
      ? []
      : [addressCheck('proof.addressee', 'proof', proof, 'the router in the terms', terms.router)]),
  ]
}

/** One payment hash, acknowledged with two amounts or for two tabs. */
const twicePaid = (documents: Documents): AuditFinding[] => {
  const seen = new Map<string, Message<'paid'>>()
  return documents.of('paid').flatMap((paid): AuditFinding[] => {
    const { event, body } = paid
    const key = `${event.pubkey} ${body.payment_hash}`
    const other = seen.get(key)
    seen.set(key, other ?? paid)
    if (!other || SAID.every((field) => other.body[field] === body[field])) return []
    const both = `acknowledgements ${short(other.event.id)} and ${short(event.id)} of ${short(event.pubkey)}`
    const bad = `${both} contradict each other: they are of one payment`
    return [{ ...finding('paid.once', false, '', bad), about: event.id }]
  })
}

const SAID = ['terms', 'ref', 'seq', 'received'] as const

const WORDS: Readonly<Record<string, string>> = {
  'pay.evidence': 'holds neither a preimage nor the payee’s word',
  'pay.preimage': 'holds a preimage of another payment',
  'pay.acknowledgement': 'holds the payee’s word about another payment, or somebody else’s word',
  'pay.payer': 'is signed by another key than the payer’s',
}

/** How far two clocks may be apart, in s. */
const SKEW_S = BOUNDS.freshnessMs / 1000
