import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Fault, type FaultKind, isFault } from '../engine/base/fault.ts'
import { paths } from '../engine/base/paths.ts'
import { systemRandom } from '../engine/base/random.ts'
import { quoted } from '../engine/identity/key-file.ts'
import { loadKey } from '../engine/identity/keystore.ts'
import { openSecp256k1 } from '../engine/identity/secp256k1.ts'
import type { Signer } from '../engine/identity/seams.ts'
import { signerOf } from '../engine/identity/signer.ts'
import { openPrompts } from './prompts.ts'
import { readText } from './read.ts'
import type { Terminal } from './terminal.ts'

const PASSPHRASE_BYTES = 4096

/**
 * The signer of a stored identity. Its passphrase, where it has one, comes from a file or is asked for.
 * @throws Fault `config` where the key is missing, readable by others, or does not open
 */
export const unlock = async (
  name: string,
  passphraseFile: string | undefined,
  terminal: Terminal,
): Promise<Signer> => {
  const dir = paths(process.env).keys
  const secret = await loadKey(dir, name, {
    passphrase: () => passphraseFor(name, passphraseFile, terminal),
  }).catch((error: unknown) => {
    throw isFault(error) && error.code === 'key.format' && !error.message.includes(dir)
      ? about(error, error.kind, join(dir, `${name}.key`))
      : error
  })
  try {
    return signerOf(secret, await openSecp256k1(), systemRandom)
  } finally {
    secret.fill(0)
  }
}

/**
 * A passphrase: the first line of a file, or the answer to a question.
 * @throws Fault `config` `key.passphrase` where there is neither a file nor anybody to ask, `key.readable`
 */
export const passphraseFor = async (
  name: string,
  file: string | undefined,
  terminal: Terminal,
): Promise<string> => {
  if (file !== undefined) return firstLine(await readSecret(file, PASSPHRASE_BYTES))
  if (!terminal.canAsk)
    throw new Fault(
      'config',
      'key.passphrase',
      `${name} is encrypted, and there is nobody to ask for its passphrase`,
      {
        hint: 'give it in a file: --passphrase-file FILE',
      },
    )
  const { password } = await openPrompts()
  const answer = await password({ message: `Passphrase of ${name}` })
  if (answer === null) throw new Fault('interrupted', 'interrupted', 'interrupted')
  return answer
}

/**
 * The text of a file with a secret in it, which nobody else may read; or of stdin for `-`. Pipes
 * (`<(…)`) are nobody else's.
 * @throws Fault `config` `key.readable`; those of readText
 */
export const readSecret = async (file: string, limit: number): Promise<string> => {
  const stats = file === '-' ? undefined : await stat(file).catch(() => undefined)
  // Credentials of a unit are shown with bits for a group that is empty: systemd guards them by ACL.
  const guarded = dirname(file) === process.env['CREDENTIALS_DIRECTORY']
  if (process.platform !== 'win32' && !guarded && stats?.isFile() && (stats.mode & 0o077) !== 0)
    throw new Fault('config', 'key.readable', `others can read ${file}`, {
      hint: `chmod 600 ${quoted(file)}`,
    })
  return readText(file, limit)
}

/** The same fault of another kind, with the file in its sentence. */
export const about = ({ code, message, hint }: Fault, kind: FaultKind, file: string): Fault =>
  new Fault(kind, code, `${file}: ${message}`, hint === undefined ? {} : { hint })

// An editor ends the line, and perhaps the file, with characters that nobody typed.
const firstLine = (text: string): string => text.split(/\r?\n/, 1)[0]!
