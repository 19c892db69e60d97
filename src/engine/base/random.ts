/** The seam for chance: an argument of every decision that draws. */
export interface Random {
  bytes(n: number): Uint8Array
  /** An integer from 0 to n − 1. */
  below(n: number): number
}

/** The machine's own source, for keys and everything else in production. */
export const systemRandom: Random = {
  bytes: (n) => crypto.getRandomValues(new Uint8Array(n)),
  below: (n) => {
    // Rejection keeps the draw fair where n does not divide 2^32.
    const limit = Math.floor(2 ** 32 / n) * n
    for (;;) {
      const draw = crypto.getRandomValues(new Uint32Array(1))[0]!
      if (draw < limit) return draw % n
    }
  },
}

/** mulberry32: the same seed gives the same run. For tests and the simulator, never for keys. */
export const seededRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }
  return {
    bytes: (n) => Uint8Array.from({ length: n }, () => next() & 0xff),
    below: (n) => next() % n,
  }
}
