import { sha256, toHex } from '../../engine/base/bytes.ts'
import { Fault } from '../../engine/base/fault.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import { audit } from '../../engine/metering/audit.ts'
import { document } from '../../engine/protocol/intake.ts'
import type { Message } from '../../engine/protocol/messages.ts'
import { isRefusal } from '../../engine/protocol/refusal.ts'
import { readText } from '../read.ts'
import { openTerminal } from '../terminal.ts'
import { type Found, documentsIn } from './documents.ts'
import { type Line, firstWrong, reportObject, reportOf, reportText } from './report.ts'

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
  const found: Found[] = []
  for (const file of files)
    found.push(...documentsIn(await readText(file), file === '-' ? 'stdin' : file))
  const { messages, refused } = await checked(found)
  const report = reportOf(audit(messages), refused)
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

const same = (text: string): string => text

/** Bytes, id, signature, kind and schema of each text; what breaks a rule is a finding of its own. */
const checked = async (
  found: readonly Found[],
): Promise<{ messages: Message[]; refused: Line[] }> => {
  const verifier = await openSecp256k1()
  const messages: Message[] = []
  const refused: Line[] = []
  for (const { file, text } of found) {
    const message = document(text, { verifier })
    if (!isRefusal(message)) messages.push(message)
    else
      refused.push({
        check: message.refused,
        ok: false,
        detail: `${nameOf(text)} in ${file}: ${message.detail}`,
        about: idIn(text) ?? toHex(sha256(text)),
      })
  }
  return { messages, refused }
}

const idIn = (text: string): string | undefined => /"id" ?: ?"([0-9a-f]{64})"/.exec(text)?.[1]

const nameOf = (text: string): string => {
  const id = idIn(text)
  return id ? `event ${id.slice(0, 4)}…${id.slice(-2)}` : 'an event'
}
