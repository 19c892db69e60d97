import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, isFault } from '../../engine/base/fault.ts'
import { systemRandom } from '../../engine/base/random.ts'
import { createKey, loadKey } from '../../engine/identity/keystore.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import type { Signer } from '../../engine/identity/seams.ts'
import { signerOf } from '../../engine/identity/signer.ts'
import { openStore } from '../../engine/storage/sqlite.ts'
import { newSecret } from '../identity.ts'

/**
 * The node and the router of a `fedai up`, by keys that lie beside their ledgers, made on the first start there. What was
 * paid on the node's tabs is owed by its key, and no other could serve for it; a client that waits while `up` is started
 * again knows its router by that key.
 *
 * A node whose ledger is gone knows no tab any more, and would number payments and statements anew, which contradicts
 * what it signed: it begins anew under another key, so that nobody draws on a tab that nobody counts.
 * @param state the folder that this process holds (state.ts)
 * @param say hears that the node begins anew
 * @throws Fault `config` `up.key` where a file holds no secret key; of createKey, loadKey and openStore
 */
export const keptSigners = async (
  state: string,
  say: (line: string) => void,
): Promise<Readonly<{ nodeSigner: Signer; routerSigner: Signer }>> => {
  setAside(join(state, 'node'), say)
  return {
    nodeSigner: await signerIn(state, 'node'),
    routerSigner: await signerIn(state, 'router'),
  }
}

const setAside = (dir: string, say: (line: string) => void): void => {
  const [file, ledger] = [join(dir, 'node.key'), ledgerIn(dir)]
  if (!existsSync(file) || existsSync(ledger)) return
  const old = `${file}.${Date.now()}`
  renameSync(file, old)
  say(
    `the ledger of this node is gone (${ledger}), and with it what was paid on its tabs; it begins anew under another key (the old one: ${old})`,
  )
}

const signerIn = async (state: string, role: 'node' | 'router'): Promise<Signer> => {
  const dir = join(state, role)
  const secret = await loadKey(dir, role).catch(async (error: unknown) => {
    if (isFault(error) && error.code === 'key.format') throw noKey(join(dir, `${role}.key`), role)
    if (!isFault(error) || error.code !== 'key.missing') throw error
    const made = await newSecret()
    // Before its key, so that a first start which comes no further has lost nothing.
    if (role === 'node') await (await openStore(ledgerIn(dir))).close()
    await createKey(dir, role, made)
    return made
  })
  try {
    return signerOf(secret, await openSecp256k1(), systemRandom)
  } finally {
    secret.fill(0)
  }
}

const ledgerIn = (dir: string): string => join(dir, 'ledger.db')

const noKey = (file: string, role: 'node' | 'router'): Fault =>
  new Fault('config', 'up.key', `${file} holds no secret key`, {
    hint: `bring it back from a copy, or move it away: the next fedai up makes a new one${role === 'node' ? ', and what is on tabs at the old one is lost' : ''}`,
  })
