import { BOUNDS } from '../base/bounds.ts'
import { showMsat } from '../base/money.ts'
import type { AuditFinding } from '../metering/audit.ts'
import { addressCheck, signerCheck } from '../metering/audit-checks.ts'
import type { Documents } from '../metering/audit-documents.ts'
import { type Finding, finding, many, short, spanOf } from '../metering/finding.ts'
import type { EcdsaVerifier } from '../protocol/bolt11/payee.ts'
import { type Net, tagValue } from '../protocol/event.ts'
import type { Message } from '../protocol/messages.ts'
import type { Terms } from '../protocol/terms.ts'
import { type FoundInvoice, invoicesIn, termsIn } from './audit-terms.ts'
import { type PayFlaw, disagreement, payableUntil, readSigned } from './invoice-check.ts'

type Report = Readonly<{ findings: AuditFinding[]; unchecked: string[] }>

/** Every invoice against its own terms, and against the price sheet that they name where it is there. */
export const invoiceFindings = (documents: Documents, secp: EcdsaVerifier): Report => {
  const unchecked: string[] = []
  const findings = documents.of('invoice').flatMap((message): AuditFinding[] => {
    const about = message.event.id
    const sheet = sheetOf(termsIn(message), documents)
    if (sheet === undefined)
      unchecked.push(
        `invoice ${short(about)}: its price sheet is not given, so whose Lightning key signed it was not checked`,
      )
    return invoiceChecks(message, sheet ?? undefined, secp).map((it) => ({ ...it, about }))
  })
  return { findings: [...findings, ...reusedHashes(documents)], unchecked }
}

/** The sheet that the terms name: undefined where it is not given, null where they name none (a router's fee). */
const sheetOf = ({ price }: Terms, documents: Documents) => {
  if (price === '') return null
  const sheet = documents.byId(price)
  return sheet?.name === 'sheet' ? sheet : undefined
}

const invoiceChecks = (
  message: Message<'invoice'>,
  sheet: Message<'sheet'> | undefined,
  secp: EcdsaVerifier,
): Finding[] => {
  const { event, body } = message
  const which = `invoice ${short(event.id)}`
  const signed = { ...body, signer: event.pubkey }
  const read = readSigned(signed)
  if (typeof read === 'string')
    return [finding('invoice.bolt11', false, '', `${which} cannot be read: ${read}`)]
  const { terms, invoice } = read
  const pay = sheet?.body.pay
  const rules = {
    secp,
    pinnedKeys: pay?.payees ?? [],
    // Without its sheet nobody knows whether the payee's wallet could do better.
    allowMemo: sheet === undefined || pay?.bind === 'memo',
  }
  const net = tagValue(event, 'net') as Net
  const flaw = disagreement(signed, read, { ...terms, net }, rules)
  return [
    finding(
      flaw ? `invoice.${flaw.slice(flaw.indexOf('.') + 1)}` : 'invoice.terms',
      flaw === null,
      `${which} over ${showMsat(terms.msat)} is bound to its terms (${terms.for} ${terms.seq})`,
      flaw ? `${which} ${WORDS[flaw] ?? `does not hold: ${flaw}`}` : '',
    ),
    addressCheck('invoice.addressee', 'invoice', message, 'the payer in its terms', terms.payer),
    timeCheck(
      event.created_at,
      Math.max(terms.iat, invoice.timestamp),
      payableUntil(terms, invoice),
      which,
    ),
    ...(terms.for === 'topup' ? [tabCheck(terms, which)] : []),
    ...(sheet ? sheetChecks(terms, sheet, which) : []),
  ]
}

/** It is signed while it can be paid: also again, for a payer who lost it. */
const timeCheck = (at: number, begin: number, end: number, which: string): Finding => {
  const early = begin - at
  const late = at - end
  const bad =
    end <= begin
      ? `${which} could never be paid: it ends before it begins`
      : early > 0
        ? `${which} was signed ${spanOf(early)} before its terms begin`
        : `${which} was signed ${spanOf(late)} after it could be paid`
  const ok = end > begin && early <= SKEW_S && late < SKEW_S
  return finding('invoice.time', ok, `${which} was signed while it could be paid`, bad)
}

const tabCheck = ({ ref, payer }: Terms, which: string): Finding =>
  finding(
    'invoice.tab',
    ref === payer,
    `${which} is for the tab of its payer, ${short(payer)}`,
    `${which} is to be paid by ${short(payer)}, but tops up the tab of ${short(ref)}`,
  )

const sheetChecks = (terms: Terms, { event, body }: Message<'sheet'>, which: string): Finding[] => {
  const unit = body.pay?.granularity ?? 0n
  return [
    signerCheck('invoice.sheet', 'terms', terms.payee, 'price sheet', event.pubkey),
    finding(
      'invoice.granularity',
      unit > 0n && terms.msat % unit === 0n,
      `${which} is over an amount that its payee's wallet can take`,
      body.pay
        ? `${which} is over ${many(terms.msat)} msat, the price sheet takes multiples of ${many(unit)}`
        : `${which} asks for money where the price sheet takes none`,
    ),
  ]
}

/** One payment cannot stand for two: a payee that signs two terms for one payment hash could count it for either. */
const reusedHashes = (documents: Documents): AuditFinding[] => {
  const seen = new Map<string, FoundInvoice>()
  return invoicesIn(documents).flatMap((invoice): AuditFinding[] => {
    const { message, paymentHash, hash, terms } = invoice
    if (paymentHash === null) return []
    const key = `${terms.payee} ${paymentHash}`
    const other = seen.get(key)
    seen.set(key, other ?? invoice)
    if (!other || other.hash === hash) return []
    const both = `invoices ${short(other.message.event.id)} and ${short(message.event.id)}`
    const bad = `${both} contradict each other: one payment hash, two terms`
    return [{ ...finding('invoice.once', false, '', bad), about: message.event.id }]
  })
}

const WORDS: Partial<Record<PayFlaw, string>> = {
  'pay.net': 'is of another network than its event',
  'pay.signer': 'is signed by another key than its terms name as the payee',
  'pay.no_amount': 'leaves the amount open',
  'pay.amount': 'asks for another amount than its terms',
  'pay.unbound': 'commits to other terms than it came with',
  'pay.signature': 'has a Lightning signature that is nobody’s',
  'pay.not_pinned': 'is signed by a Lightning key that is not in the price sheet',
}

/** How far two clocks may be apart, in s. */
const SKEW_S = BOUNDS.freshnessMs / 1000
