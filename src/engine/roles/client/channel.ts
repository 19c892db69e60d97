/** More than so many values wait: whoever pushes is asked to slow down until half of them are read. */
const FULL = 256

/**
 * From callbacks to `for await`: what is pushed waits until it is read. One reader. `pressure` tells
 * the pushing side that the reader is slow, or has caught up.
 */
export class Channel<T> implements AsyncIterable<T> {
  private readonly waiting: T[] = []
  private full = false
  private wake: (() => void) | undefined
  private over = false
  private failure: Error | undefined

  constructor(private readonly pressure: (full: boolean) => void = () => {}) {}

  push(value: T): void {
    this.waiting.push(value)
    if (!this.full && this.waiting.length > FULL) this.pressure((this.full = true))
    this.wake?.()
  }

  /** Nothing more comes; what waits can still be read. */
  end(): void {
    this.over = true
    this.wake?.()
  }

  /** The reader gets this error after what waits. */
  fail(error: Error): void {
    this.failure = error
    this.end()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.waiting.length > 0) {
        yield this.waiting.shift()!
        if (this.full && this.waiting.length < FULL / 2) this.pressure((this.full = false))
      }
      if (this.over) break
      await new Promise<void>((resolve) => (this.wake = resolve))
      this.wake = undefined
    }
    if (this.failure) throw this.failure
  }
}
