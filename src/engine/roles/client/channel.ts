/**
 * From callbacks to `for await`: what is pushed waits until it is read. One reader; it is bounded by
 * the flow control of whatever pushes.
 */
export class Channel<T> implements AsyncIterable<T> {
  private readonly waiting: T[] = []
  private wake: (() => void) | undefined
  private over = false
  private failure: Error | undefined

  push(value: T): void {
    this.waiting.push(value)
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
      while (this.waiting.length > 0) yield this.waiting.shift()!
      if (this.over) break
      await new Promise<void>((resolve) => (this.wake = resolve))
      this.wake = undefined
    }
    if (this.failure) throw this.failure
  }
}
