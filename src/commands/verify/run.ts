import { sha256, toHex } from '../../engine/base/bytes.ts'
import { Fault, isFault } from '../../engine/base/fault.ts'
import type { Secp256k1 } from '../../engine/identity/seams.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import { audit } from '../../engine/metering/audit.ts'
import { carried, document } from '../../engine/protocol/intake.ts'
import { type Net, tagValue } from '../../engine/protocol/event.ts'
import { KINDS } from '../../engine/protocol/kinds.ts'
import type { Message } from '../../engine/protocol/messages.ts'
import { type Refusal, isRefusal } from '../../engine/protocol/refusal.ts'
import { auditMoney } from '../../engine/spending/audit.ts'
import { shortId } from '../figures.ts'
import { readText } from '../read.ts'
import { openTerminal } from '../terminal.ts'
import { type Found, type Group, documentsIn } from './documents.ts'
import { historyFindings } from './history.ts'
import { resultFindings } from './result.ts'
import { type Line, type Report, firstWrong, reportObject, reportOf, reportText } from './report.ts'

/**
 * `fedai verify`: all documents of all files together, since one proves another. Opens no connection.
 * @throws Fault `verification` with the first thing that is wrong, after the whole report was printed;
 *   `data` or `io` for files that hold no documents
 */
export const verifyFiles = async (
  files: readonly string[],
  options: { json?: boolean | undefined },
): Promise<void> => {
  const terminal = openTerminal(options)
  const groups: Group[] = []
  for (const file of files)
    groups.push(...documentsIn(await textOf(file), file === '-' ? 'stdin' : file))
  const report = await verifyGroups(groups)
  // The verdicts go to stdout: they are the result, so their colour depends on it.
  const plain = { dim: same, green: same, yellow: same, red: same }
  const text = options.json
    ? JSON.stringify(reportObject(report))
    : reportText(report, terminal.outIsTTY ? terminal.paint : plain)
  await terminal.emit(`${text}\n`)
  const wrong = firstWrong(report)
  if (wrong)
    throw new Fault('verification', wrong.check, wrong.detail, {
      hint: 'do not rely on these documents',
    })
}

/** The whole report on what stood in the files: each event, each bundle, each result, all together. */
export const verifyGroups = async (groups: readonly Group[]): Promise<Report> => {
  const verifier = await openSecp256k1()
  const read = new Map<string, Message | Refusal>()
  const before: Line[] = []
  const unchecked: string[] = []
  const bundles: Message[][] = []
  for (const group of groups) {
    const held: Message[] = []
    for (const found of group.documents) {
      const message = read.get(found.text) ?? document(found.text, { verifier })
      read.set(found.text, message)
      const wrong = isRefusal(message)
        ? refused(found, group, message)
        : misnamed(found, group, message)
      if (wrong) before.push(wrong)
      if (!isRefusal(message)) held.push(message)
    }
    if (group.bundle) bundles.push(held)
    const around = [
      ...(group.result ? [resultFindings(group.result, held)] : []),
      ...(group.history ? [historyFindings(group.history, verifier)] : []),
    ]
    for (const report of around) {
      before.push(...report.findings)
      unchecked.push(...report.unchecked)
    }
  }
  const whole = [...read.values()].filter((it): it is Message => !isRefusal(it))
  const inside = whole.flatMap((message) => insideOf(message, verifier))
  before.push(...inside.filter((it) => 'check' in it))
  const messages = [...whole, ...inside.filter((it) => 'event' in it)]
  const work = audit(messages, bundles)
  const money = auditMoney(messages, { secp: verifier })
  // A history of payments has no events, so none of a job is missing.
  const ofJobs = messages.length > 0 ? work.unchecked : []
  const notSaid = [...ofJobs, ...money.unchecked, ...new Set(unchecked)]
  return reportOf(
    { ...work, ...money, unchecked: notSaid, findings: [...work.findings, ...money.findings] },
    before,
  )
}

/** What a proof carries, or what is wrong with it: it is held against the rules like any other event. */
const insideOf = ({ name, event, body }: Message, verifier: Secp256k1): (Message | Line)[] => {
  if (name !== 'proof') return []
  const rules = { verifier, net: tagValue(event, 'net') as Net }
  return (['invoice', 'paid'] as const).flatMap((kind): (Message | Line)[] => {
    if (body[kind] === null) return []
    const message = carried(body[kind], kind, event, rules)
    if (!isRefusal(message)) return [message]
    const detail = `the ${kind} in proof ${shortId(event.id)}: ${message.detail}`
    return [{ check: `proof.${kind}`, ok: false, detail, about: event.id }]
  })
}

// A file for verify is no job, so the advice of a job's input would be wrong.
const textOf = async (file: string): Promise<string> => {
  try {
    return await readText(file)
  } catch (error) {
    if (!isFault(error) || error.code !== 'input.too_large') throw error
    throw new Fault('data', error.code, error.message, { hint: 'verify it in parts', cause: error })
  }
}

const same = (text: string): string => text

/** What breaks a rule for bytes, id, signature, kind or schema, as a finding of its own. */
const refused = ({ text, name }: Found, { file }: Group, refusal: Refusal): Line => ({
  check: refusal.refused,
  ok: false,
  detail: `${name ? `${name}, ` : ''}${nameOf(text)} in ${file}: ${refusal.detail}`,
  about: idIn(text) ?? toHex(sha256(text)),
})

/** A document of a bundle that goes by the name of another kind. */
const misnamed = ({ name }: Found, { file }: Group, message: Message): Line | undefined => {
  if (name === null || !(name in KINDS || name === 'accepted')) return undefined
  const kind = message.name === 'progress' ? message.body.status : message.name
  if (kind === name || message.name === name || (name === 'job' && kind === 'rewrap'))
    return undefined
  const detail = `${name} in ${file} is no such thing: it is signed as ${kind}`
  return { check: 'bundle.kind', ok: false, detail, about: message.event.id }
}

const idIn = (text: string): string | undefined => /"id" ?: ?"([0-9a-f]{64})"/.exec(text)?.[1]

const nameOf = (text: string): string => {
  const id = idIn(text)
  return id ? `event ${id.slice(0, 4)}…${id.slice(-2)}` : 'an event'
}
