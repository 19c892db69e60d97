import { Fault } from '../engine/base/fault.ts'
import { paths } from '../engine/base/paths.ts'
import { systemRandom } from '../engine/base/random.ts'
import { loadKey } from '../engine/identity/keystore.ts'
import { openSecp256k1 } from '../engine/identity/secp256k1.ts'
import type { Signer } from '../engine/identity/seams.ts'
import { signerOf } from '../engine/identity/signer.ts'
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
  const secret = await loadKey(paths(process.env).keys, name, {
    passphrase: () => passphraseFor(name, passphraseFile, terminal),
  })
  try {
    return signerOf(secret, await openSecp256k1(), systemRandom)
  } finally {
    secret.fill(0)
  }
}

/**
 * A passphrase: the first line of a file, or the answer to a question.
 * @throws Fault `config` `key.passphrase` where there is neither a file nor anybody to ask
 */
export const passphraseFor = async (
  name: string,
  file: string | undefined,
  terminal: Terminal,
): Promise<string> => {
  if (file !== undefined) return firstLine(await readText(file, PASSPHRASE_BYTES))
  if (!terminal.canAsk)
    throw new Fault(
      'config',
      'key.passphrase',
      `${name} is encrypted, and there is nobody to ask for its passphrase`,
      {
        hint: 'give it in a file: --passphrase-file FILE',
      },
    )
  const { password, isCancel } = await import('@clack/prompts')
  const answer = await password({ message: `Passphrase of ${name}`, output: process.stderr })
  if (isCancel(answer)) throw new Fault('interrupted', 'interrupted', 'interrupted')
  return answer
}

// An editor ends the line, and perhaps the file, with characters that nobody typed.
const firstLine = (text: string): string => text.split(/\r?\n/, 1)[0]!
