import { sameUnits } from '../../engine/metering/finding.ts'
import { taskMatches } from '../../engine/metering/pattern.ts'
import { tagValue } from '../../engine/protocol/event.ts'
import { type Units, unitsField } from '../../engine/protocol/fields.ts'
import type { KindName } from '../../engine/protocol/kinds.ts'
import type { Contents, Message } from '../../engine/protocol/messages.ts'
import { shortId } from '../figures.ts'
import { resultShape } from '../request/shape.ts'
import type { Fields } from './documents.ts'
import type { Line } from './report.ts'

/**
 * What a result of `request --json` says around its bundle, held against what the bundle proves.
 * Anyone could have changed it: only events are signed.
 * @param bundle the documents of the bundle that hold by themselves
 */
export const resultFindings = (
  result: Fields,
  bundle: readonly Message[],
): { findings: Line[]; unchecked: string[] } => {
  const about = bundle[0]?.event.id ?? ''
  const findings: Line[] = []
  const unproven: string[] = []
  for (const { field, proven, same } of claimsOf(bundle, result)) {
    const said = result[field]
    if (said === undefined) continue
    if (proven === undefined) {
      unproven.push(field)
      continue
    }
    if ((same ?? Object.is)(said, proven)) continue
    const detail = `${field} of the result says ${shown(said)}, its documents ${shown(proven)}`
    findings.push({ check: `result.${field}`, ok: false, detail, about })
  }
  if (findings.length === 0)
    findings.push({
      check: 'result',
      ok: true,
      detail: 'the result says what its documents say',
      about,
    })
  return {
    findings,
    unchecked: [...missing(unproven), ...ownCount(result, bundle), WORD, ...others(result)],
  }
}

// The commitments of a receipt are keyed, so that nobody can guess a short text; the key is not in the result.
const WORD =
  'output, times, paying_msat, events and error of the result: no document shows them, so they are only what its writer says'

/** What is left is the client's count of all its jobs and payments there; a statement is the node's, of one moment. */
const ownCount = (result: Fields, bundle: readonly Message[]): string[] => {
  const left = result['left_msat']
  if (left === undefined || left === null) return []
  const of = 'left_msat of the result: its writer’s own count'
  const body = bundle.find((it) => it.name === 'statement')?.body as
    Contents['statement'] | undefined
  if (!body) return [`${of}; no statement is given`]
  const said = String(BigInt(body.paid) - BigInt(body.used))
  return said === left ? [] : [`${of} (${shown(left)}); the statement leaves ${said}`]
}

/** Fields that no version of ours has written: nobody may take them for checked. */
const others = (result: Fields): string[] => {
  const names = Object.keys(result).filter((it) => !KNOWN.has(it))
  if (names.length === 0) return []
  const first = names.slice(0, 5).map((it) => (/^\w{1,32}$/.test(it) ? it : 'a field'))
  return [
    `${first.join(', ')}${names.length > 5 ? ' and others' : ''} of the result: not known here`,
  ]
}

const KNOWN: ReadonlySet<string> = new Set(Object.keys(resultShape.shape))

const missing = (fields: readonly string[]): string[] =>
  fields.length > 0 ? [`${fields.join(', ')} of the result: no document given shows them`] : []

/** A field and what the documents say in its place; undefined where none of them does. */
type Claim = Readonly<{
  field: string
  proven: unknown
  /** Whether both say the same, where more than identity counts. */
  same?: (said: unknown, proven: unknown) => boolean
}>

const claimsOf = (bundle: readonly Message[], result: Fields): Claim[] => {
  const first = <K extends KindName>(name: K) =>
    bundle.find((it) => it.name === name) as Message<K> | undefined
  const receipt = first('receipt')
  const job = first('job') ?? first('rewrap')
  const ticket = first('ticket')
  const verdict = first('acknowledgement')?.body.verdict
  const ceiling = job?.body.ceiling ?? receipt?.body.ceiling
  const terms = receipt?.body ?? job?.body
  return [
    { field: 'net', proven: bundle[0] && tagValue(bundle[0].event, 'net') },
    { field: 'job', proven: terms?.job },
    { field: 'task', proven: terms?.task, same: sameTask },
    { field: 'model', proven: receipt?.body.model.name ?? job?.body.model },
    { field: 'finish', proven: receipt?.body.finish },
    { field: 'usage', proven: receipt?.body.usage, same: sameUsage },
    { field: 'cost_msat', proven: receipt && String(receipt.body.cost) },
    { field: 'ceiling_msat', proven: ceiling === undefined ? undefined : String(ceiling) },
    { field: 'router_fee_msat', proven: routeFee(first('offers')?.body, receipt?.body) },
    { field: 'left_gone', proven: mayGo(result, first('draw'), job) },
    { field: 'router', proven: receipt?.body.router ?? first('offers')?.event.pubkey },
    { field: 'node', proven: (receipt ?? ticket)?.event.pubkey },
    // The client checked the receipt, and signed what came of it.
    { field: 'verified', proven: receipt ? verdict && verdict === 'agree' : null },
    { field: 'receipt', proven: receipt?.event.id ?? null, same: sameId },
  ]
}

/** What a router takes stands in its offers; it takes it for what was delivered. */
const routeFee = (
  offers: Message<'offers'>['body'] | undefined,
  receipt: Message<'receipt'>['body'] | undefined,
): string | undefined => {
  if (receipt?.status !== 'ok' && receipt?.status !== 'partial') return '0'
  return offers && String(offers.pack ? offers.fee : 0n)
}

/** Nothing is gone where nothing is left, nor where the job drew on a tab: its key is another one than the session’s. */
const mayGo = (
  result: Fields,
  draw: Message<'draw'> | undefined,
  job: Message | undefined,
): boolean | undefined => {
  const left = result['left_msat']
  if (left === null || /^(0|-[0-9]+)$/.test(String(left))) return false
  if (!draw || !job) return undefined
  return draw.event.pubkey === job.event.pubkey ? undefined : false
}

const sameTask = (said: unknown, proven: unknown): boolean =>
  typeof said === 'string' && taskMatches(said, String(proven))

const sameUsage = (said: unknown, proven: unknown): boolean => {
  const units = unitsField.safeParse(said)
  return units.success && sameUnits(units.data, proven as Units)
}

const sameId = (said: unknown, proven: unknown): boolean =>
  said === proven ||
  (typeof said === 'object' && said !== null && 'id' in said && said.id === proven)

/** A value in a sentence: short, and nothing that a terminal would obey. */
const shown = (value: unknown): string => {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return shortId(value)
  const text =
    typeof value === 'object' && value !== null && 'id' in value
      ? `event ${String(value.id).slice(0, 8)}`
      : JSON.stringify(value)
  const plain = text.replace(/[^\x20-\x7e]/g, '?')
  return plain.length > 60 ? `${plain.slice(0, 59)}…` : plain
}
