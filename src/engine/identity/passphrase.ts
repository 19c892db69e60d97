import { Fault } from '../base/fault.ts'

/** Asks for a passphrase, or gives the one that is known. */
export type AskPassphrase = () => string | Promise<string>

/** log2 of scrypt's rounds: 64 MiB and about 0.4 s, NIP-49's own example. */
const DEFAULT_WORK = 16
/** More would cost over 1 GiB of memory, at the choice of whoever wrote the file. */
const MAX_WORK = 20

/**
 * A secret under a passphrase, as `ncryptsec1…` (NIP-49, version 2).
 * @param work log2 of scrypt's rounds, 1 to 20
 * @throws Fault `config` `key.passphrase` where it is empty
 */
export const encryptSecret = async (
  secret: Uint8Array,
  passphrase: string,
  work = DEFAULT_WORK,
): Promise<string> => {
  if (passphrase === '')
    throw new Fault('config', 'key.passphrase', 'an empty passphrase protects nothing', {
      hint: 'give one, or store the key without',
    })
  if (!Number.isInteger(work) || work < 1 || work > MAX_WORK)
    throw new RangeError(`scrypt's work is from 1 to ${MAX_WORK}`)
  const { encrypt } = await import('nostr-tools/nip49')
  // 1: not known to have been handled insecurely (NIP-49, key security byte).
  return encrypt(secret, passphrase, work, 1)
}

/**
 * The secret of an `ncryptsec1…`, 32 bytes.
 * @throws Fault `config` `key.passphrase` where none is given or it does not fit, `key.format`
 *   where the text is no NIP-49 of version 2, or asks for more than 1 GiB of memory
 */
export const decryptSecret = async (text: string, ask?: AskPassphrase): Promise<Uint8Array> => {
  const head = headOf(text)
  if (!head || head.version !== 2)
    throw new Fault('config', 'key.format', 'this is not an encrypted key of NIP-49, version 2', {
      hint: 'export it again from where it came',
    })
  if (head.work > MAX_WORK)
    throw new Fault(
      'config',
      'key.format',
      `opening this encrypted key would take 2^${head.work} rounds of scrypt, and at most 2^${MAX_WORK} are done`,
      { hint: 'encrypt it again with fewer rounds' },
    )
  if (!ask)
    throw new Fault(
      'config',
      'key.passphrase',
      'this key is encrypted and no passphrase is given',
      {
        hint: 'give its passphrase',
      },
    )
  const { decrypt } = await import('nostr-tools/nip49')
  const passphrase = await ask()
  const secret = attempt(() => decrypt(text, passphrase))
  if (secret?.length === 32) return secret
  // Its checksum and its authentication fail alike for a person: nothing else can be told.
  throw new Fault('config', 'key.passphrase', 'the passphrase does not open this key', {
    hint: 'check it and try again; a damaged file gives the same answer',
  })
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

/** Version and work, the first two bytes, read before anything is computed by their measure. */
const headOf = (text: string): { version: number; work: number } | undefined => {
  const digits = Array.from(text.slice('ncryptsec1'.length, 'ncryptsec1'.length + 4), (c) =>
    BECH32.indexOf(c),
  )
  if (digits.length < 4 || digits.includes(-1) || text.length > 200) return undefined
  const bits = digits.reduce((sum, digit) => sum * 32 + digit, 0)
  return { version: bits >> 12, work: (bits >> 4) & 0xff }
}

const attempt = <T>(call: () => T): T | undefined => {
  try {
    return call()
  } catch {
    return undefined
  }
}
