import { Fault } from '../base/fault.ts'
import { selfTest } from './secp-self-test.ts'
import type { Secp256k1 } from './seams.ts'

type Backend = Secp256k1['backend']

/** Fastest first: 33, 192 and 311 µs for one verification on the machine they were measured on. */
const BACKENDS: readonly Backend[] = ['libsecp256k1', 'wasm', 'noble']

// Dynamic imports: nothing loads that is not used, and noble alone costs a cold start 40 ms.
const openers: Readonly<Record<Backend, () => Promise<Secp256k1 | undefined>>> = {
  libsecp256k1: async () => (await import('./secp-libsecp256k1.ts')).openLibsecp256k1(),
  wasm: async () => (await import('./secp-wasm.ts')).openWasm(),
  noble: async () => (await import('./secp-noble.ts')).openNoble(),
}

const opened = new Map<Backend, Promise<Secp256k1 | undefined>>()

/**
 * BIP-340 by the best means that this machine has: the system's libsecp256k1 through
 * bun:ffi, else tiny-secp256k1's wasm, else noble. A backend that is absent, does not
 * load or fails its self-test is passed over for the next one; `backend` of the result
 * says which one it became. Each is opened once per process.
 *
 * @param prefer where the search begins: 'wasm' never loads libsecp256k1.
 * @throws Fault `bug` `secp256k1.none` where not even noble passes its self-test
 */
export const openSecp256k1 = async (prefer: Backend = 'libsecp256k1'): Promise<Secp256k1> => {
  for (const backend of BACKENDS.slice(BACKENDS.indexOf(prefer))) {
    const secp = await openOnce(backend)
    if (secp) return secp
  }
  throw new Fault('bug', 'secp256k1.none', 'no implementation of secp256k1 works on this machine')
}

const openOnce = (backend: Backend): Promise<Secp256k1 | undefined> => {
  const before = opened.get(backend)
  if (before) return before
  const attempt = openTested(backend)
  opened.set(backend, attempt)
  return attempt
}

// Whatever goes wrong in here means the same: not this one. There is always a next.
const openTested = async (backend: Backend): Promise<Secp256k1 | undefined> => {
  try {
    const secp = await openers[backend]()
    return secp && selfTest(secp) ? secp : undefined
  } catch {
    return undefined
  }
}
