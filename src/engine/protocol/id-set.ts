/**
 * A set of numbers below 2^53 that only grows: an open table of doubles. A `Set` of as many ids is read
 * in full by the collector each time something was added to it, which is before each of its turns; a
 * table of plain numbers never is, and takes a third of the memory.
 */
export class IdSet {
  /** Each number plus one: 0 is an empty place. At most half of them are taken. */
  #places = new Float64Array(LEAST)
  #size = 0

  get size(): number {
    return this.#size
  }

  has(n: number): boolean {
    return this.#places[placeOf(this.#places, n)] !== 0
  }

  add(n: number): void {
    const at = placeOf(this.#places, n)
    if (this.#places[at] !== 0) return
    this.#places[at] = n + 1
    if (++this.#size * 2 > this.#places.length) this.#grow()
  }

  #grow(): void {
    const places = new Float64Array(this.#places.length * 2)
    for (const it of this.#places) if (it !== 0) places[placeOf(places, it - 1)] = it
    this.#places = places
  }
}

/** Where a number stands, or would. Ids are hashes: their last bits are as good as any. */
const placeOf = (places: Float64Array, n: number): number => {
  const mask = places.length - 1
  let at = (n >>> 0) & mask
  while (places[at] !== 0 && places[at] !== n + 1) at = (at + 1) & mask
  return at
}

const LEAST = 1_024
