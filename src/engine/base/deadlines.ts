import { type UnixMs, unixMs } from './clock.ts'

/**
 * The timers of one state machine, as data: what is due when. A machine sets and clears
 * them while it decides; its loop asks `next()` once and wakes it then. Due things come
 * out by time, then by the order in which they were set.
 */
export class Deadlines<Key extends string = string> {
  private readonly at = new Map<Key, Entry<Key>>()
  private heap: Entry<Key>[] = []
  private order = 0

  set(key: Key, at: UnixMs): void {
    const entry = { at, order: this.order++, key }
    this.at.set(key, entry)
    if (this.heap.length > 2 * this.at.size + 64) this.compact()
    else this.push(entry)
  }

  clear(key: Key): void {
    this.at.delete(key)
  }

  has(key: Key): boolean {
    return this.at.has(key)
  }

  /** When this one is due, or undefined where it is not set. */
  dueAt(key: Key): UnixMs | undefined {
    return this.at.get(key)?.at
  }

  /** The clock was set: all are due as long from now as they were before (ms, of either sign). */
  shift(ms: number): void {
    for (const it of this.at.values()) it.at = unixMs(it.at + ms)
    this.compact()
  }

  /** When the next one is due, or undefined where nothing is. */
  next(): UnixMs | undefined {
    this.dropStale()
    return this.heap[0]?.at
  }

  /** Takes out everything due at `now`. */
  due(now: UnixMs): Key[] {
    const keys: Key[] = []
    for (;;) {
      this.dropStale()
      const top = this.heap[0]
      if (!top || top.at > now) return keys
      this.pop()
      this.at.delete(top.key)
      keys.push(top.key)
    }
  }

  // A cleared or moved deadline stays in the heap until it comes up: cheaper than a search.
  private dropStale(): void {
    while (this.heap[0] && this.at.get(this.heap[0].key) !== this.heap[0]) this.pop()
  }

  private compact(): void {
    this.heap = [...this.at.values()]
    for (let i = (this.heap.length >> 1) - 1; i >= 0; i--) this.sink(i)
  }

  private before(a: number, b: number): boolean {
    const x = this.heap[a]!
    const y = this.heap[b]!
    return x.at !== y.at ? x.at < y.at : x.order < y.order
  }

  private swap(a: number, b: number): void {
    const x = this.heap[a]!
    this.heap[a] = this.heap[b]!
    this.heap[b] = x
  }

  private push(entry: { at: UnixMs; order: number; key: Key }): void {
    this.heap.push(entry)
    let i = this.heap.length - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!this.before(i, parent)) return
      this.swap(i, parent)
      i = parent
    }
  }

  private pop(): void {
    const last = this.heap.pop()
    if (!last || this.heap.length === 0) return
    this.heap[0] = last
    this.sink(0)
  }

  private sink(from: number): void {
    let i = from
    for (;;) {
      const left = 2 * i + 1
      let least = i
      for (const child of [left, left + 1])
        if (child < this.heap.length && this.before(child, least)) least = child
      if (least === i) return
      this.swap(i, least)
      i = least
    }
  }
}

type Entry<Key> = { at: UnixMs; order: number; key: Key }
