import type { z } from 'zod'
import { paths } from '../engine/base/paths.ts'
import { Fault, isFault } from '../engine/base/fault.ts'
import { toHex } from '../engine/base/bytes.ts'
import { systemRandom } from '../engine/base/random.ts'
import { npub, parseSecret } from '../engine/identity/keys.ts'
import { createKey, listKeys } from '../engine/identity/keystore.ts'
import { openSecp256k1 } from '../engine/identity/secp256k1.ts'
import { type PubKey, pubKey } from '../engine/protocol/ids.ts'
import type { identityShape } from './identity-shape.ts'
import { type Answers, ask } from './questions.ts'
import { type Terminal, openTerminal } from './terminal.ts'
import { about, passphraseFor, readSecret } from './unlock.ts'
import { parseName } from './values.ts'

type Options = Readonly<{
  as?: string | undefined
  import?: string | undefined
  passphraseFile?: string | undefined
  yes?: boolean | undefined
  json?: boolean | undefined
}>

/** What an identity is called that was given no name. */
const DEFAULT_NAME = 'me'
/** Long enough for an ncryptsec1 with an editor's additions. */
const SECRET_BYTES = 4096

/**
 * `fedai init`: a new or an imported key, in a file. Prints its npub.
 * @throws Fault `usage` `init.no_terminal` where there are questions and nobody to ask; those of the keystore
 */
export const makeIdentity = async (options: Options): Promise<void> => {
  const terminal = openTerminal(options)
  if (options.as !== undefined) parseName(options.as, '--as')
  if (options.import === '-' && options.passphraseFile === '-')
    throw new Fault('usage', 'init.stdin', '--import and --passphrase-file cannot both be stdin', {
      hint: 'put one of them into a file that only you can read',
    })
  const dir = paths(process.env).keys
  const answers = await answered(options, dir, terminal)
  const secret = await secretFor(answers, terminal)
  const secp = await openSecp256k1()
  const key = pubKey(toHex(publicKey(secret, secp)))
  const { name, passphrase } = answers
  const file = await createKey(dir, name, secret, passphrase === undefined ? {} : { passphrase })
  secret.fill(0)
  const encrypted = passphrase !== undefined
  if (options.json)
    return terminal.emit(`${JSON.stringify(identityObject({ name, key, file, encrypted }))}\n`)
  await terminal.emit(`${npub(key)}\n`)
  terminal.say(
    `${name} is in ${file}, ${encrypted ? 'encrypted' : 'readable by you alone'}; there is no other copy`,
  )
  terminal.say(`try: fedai request --as ${name} --task text.detect "Wer rastet, der rostet."`)
}

const identityObject = (made: {
  name: string
  key: PubKey
  file: string
  encrypted: boolean
}): z.output<typeof identityShape> => ({
  v: 1,
  type: 'identity',
  name: made.name,
  npub: npub(made.key),
  pubkey: made.key,
  file: made.file,
  encrypted: made.encrypted,
})

const answered = async (options: Options, dir: string, terminal: Terminal): Promise<Answers> => {
  const given = options.as !== undefined || options.yes === true
  if (!given && !terminal.canAsk)
    throw new Fault(
      'usage',
      'init.no_terminal',
      'init has questions, and there is no terminal to ask them on',
      {
        hint: 'answer by flags: fedai init --as NAME --yes',
      },
    )
  const before: Partial<Answers> = {
    ...(options.as !== undefined && { name: options.as }),
    ...(options.import !== undefined && { source: options.import }),
    ...(options.passphraseFile !== undefined && {
      passphrase: await passphraseFor('the new key', options.passphraseFile, terminal),
    }),
  }
  // A name given and a terminal: what else could be asked has a harmless default, so nothing is.
  if (given) return { name: DEFAULT_NAME, ...before }
  return ask(before, DEFAULT_NAME, listKeys(dir))
}

const secretFor = async (answers: Answers, terminal: Terminal): Promise<Uint8Array> => {
  if (answers.source === undefined) return newSecret()
  const { source, passphrase } = answers
  const text = await readSecret(source, SECRET_BYTES)
  const asked = () => passphraseFor('the imported key', undefined, terminal)
  try {
    return await opened(text, passphrase, asked, terminal.canAsk)
  } catch (error) {
    // What was given to be read is wrong, not how this machine is set up.
    throw isFault(error) && error.code === 'key.format'
      ? about(error, 'data', source === '-' ? 'stdin' : source)
      : error
  }
}

// The passphrase of the new file opens the imported key as well: there may be nobody to ask for
// another. Where there is somebody, it is only tried.
const opened = async (
  text: string,
  passphrase: string | undefined,
  asked: () => Promise<string>,
  canAsk: boolean,
): Promise<Uint8Array> => {
  if (passphrase === undefined) return parseSecret(text, asked)
  try {
    return await parseSecret(text, () => passphrase)
  } catch (error) {
    if (!canAsk || !isFault(error) || error.code !== 'key.passphrase') throw error
    return parseSecret(text, asked)
  }
}

/** A new secret key. A draw that is none has a chance of 2^-128; the loop is for those who read code. */
export const newSecret = async (): Promise<Uint8Array> => {
  const secp = await openSecp256k1()
  for (;;) {
    const secret = systemRandom.bytes(32)
    try {
      secp.publicKey(secret)
      return secret
    } catch {
      continue
    }
  }
}

const publicKey = (secret: Uint8Array, secp: Awaited<ReturnType<typeof openSecp256k1>>) => {
  try {
    return secp.publicKey(secret)
  } catch {
    throw new Fault('config', 'key.format', 'these 32 bytes are no valid secret key', {
      hint: 'check what was copied',
    })
  }
}
