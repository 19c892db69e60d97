import { join } from 'node:path'
import { isFault } from '../../engine/base/fault.ts'
import { systemRandom } from '../../engine/base/random.ts'
import { createKey, loadKey } from '../../engine/identity/keystore.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import type { Signer } from '../../engine/identity/seams.ts'
import { signerOf } from '../../engine/identity/signer.ts'
import { newSecret } from '../identity.ts'

const NAME = 'node'

/**
 * The node of a `fedai up`, by the key that lies beside its ledger: what was paid on its tabs is owed by that key, and
 * no other could serve for it. Made on the first start there.
 * @param state the folder that this process holds (state.ts)
 * @throws Fault of createKey and loadKey
 */
export const nodeSignerIn = async (state: string): Promise<Signer> => {
  const dir = join(state, 'node')
  const secret = await loadKey(dir, NAME).catch(async (error: unknown) => {
    if (!isFault(error) || error.code !== 'key.missing') throw error
    const made = await newSecret()
    await createKey(dir, NAME, made)
    return made
  })
  try {
    return signerOf(secret, await openSecp256k1(), systemRandom)
  } finally {
    secret.fill(0)
  }
}
