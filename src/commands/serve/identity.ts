import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isFault } from '../../engine/base/fault.ts'
import { paths } from '../../engine/base/paths.ts'
import { createKey, listKeys } from '../../engine/identity/keystore.ts'
import type { Signer } from '../../engine/identity/seams.ts'
import { newSecret } from '../identity.ts'
import type { Terminal } from '../terminal.ts'
import { passphraseFor, unlock } from '../unlock.ts'

/** What systemd calls the credential that opens the key: `LoadCredential=passphrase:/FILE`. */
const CREDENTIAL = 'passphrase'

/**
 * The signer of a daemon. An identity of the usual name is made on the first start; another one must be
 * there, since a name that was mistyped would be a stranger's start at zero.
 * @param made told once the file of a new identity is on disk
 * @throws Fault of `unlock` and `createKey`
 */
export const daemonSigner = async (
  name: string,
  usual: string,
  passphraseFile: string | undefined,
  terminal: Terminal,
  made: (file: string) => void,
): Promise<Signer> => {
  const dir = paths(process.env).keys
  const file = passphraseFile ?? credential(process.env)
  if (name === usual && !listKeys(dir).includes(name)) {
    const passphrase = file === undefined ? undefined : await passphraseFor(name, file, terminal)
    const secret = await newSecret()
    try {
      made(await createKey(dir, name, secret, passphrase === undefined ? {} : { passphrase }))
    } catch (error) {
      // Another daemon of ours starts at the same moment, and made it: then it is there.
      if (!isFault(error) || error.code !== 'key.exists') throw error
    } finally {
      secret.fill(0)
    }
  }
  return unlock(name, file, terminal)
}

const credential = (env: Readonly<Record<string, string | undefined>>): string | undefined => {
  const folder = env['CREDENTIALS_DIRECTORY']
  const file = folder === undefined ? undefined : join(folder, CREDENTIAL)
  return file !== undefined && existsSync(file) ? file : undefined
}
