import { sha256 } from '../../src/engine/base/bytes.ts'

/** A transaction that is confirmed in a block. */
export type Confirmed = Readonly<{ bytes: Uint8Array; id: Uint8Array }>

/** What hears of blocks: LDK's `Confirm`. */
export interface Listener {
  /** `txs`: what the block confirms, besides its coinbase. */
  block(header: Uint8Array, height: number, txs: readonly Confirmed[]): void
}

export const doubleSha256 = (bytes: Uint8Array): Uint8Array => sha256(sha256(bytes))

/** Header of regtest's first block. */
const GENESIS = Buffer.from(
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000',
  'hex',
)
/** Regtest's target: about every second hash is low enough. */
const BITS = 0x207fffff

/**
 * A chain of headers with real proof of work and nothing behind them: channels are funded by transactions
 * that spend nothing. Who hears of it is told as if a node had checked it.
 * @param now seconds since 1970, for the headers
 */
export const newChain = (now: () => number) => {
  const listeners: Listener[] = []
  let tip: Uint8Array = GENESIS
  let height = 0
  const tell = (txs: readonly Confirmed[]) => {
    for (const listener of listeners) listener.block(tip, height, txs)
  }
  return {
    listen: (listener: Listener) => void listeners.push(listener),
    /** One block more, which confirms one transaction or none. */
    mine(tx?: Confirmed): void {
      height++
      tip = headerOf(doubleSha256(tip), tx?.id ?? sha256(`coinbase ${height}`), now())
      tell(tx ? [tx] : [])
    },
    /** The last block anew with the present time: LDK knows no other clock than the chain's. */
    retime(): void {
      tip = headerOf(tip.subarray(4, 36), tip.subarray(36, 68), now())
      tell([])
    },
  }
}

export type Chain = ReturnType<typeof newChain>

const headerOf = (before: Uint8Array, root: Uint8Array, time: number): Uint8Array => {
  const header = Buffer.alloc(80)
  header.writeInt32LE(0x20000000, 0)
  header.set(before, 4)
  header.set(root, 36)
  header.writeUInt32LE(time, 68)
  header.writeUInt32LE(BITS, 72)
  for (let nonce = 0; ; nonce++) {
    header.writeUInt32LE(nonce, 76)
    if (doubleSha256(header)[31]! < 0x7f) return new Uint8Array(header)
  }
}
