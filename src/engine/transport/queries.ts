import type { Clock } from '../base/clock.ts'
import type { Filter } from './link.ts'
import { STORED_AT_ONCE } from './nip11.ts'

/** How long an answer may take, ms, and how many questions may wait at once. */
const ANSWER_MS = 5_000
const AT_ONCE = 16

type Query = { found: string[]; resolve: (found: string[]) => void; stop: () => void }

/** Questions for stored events on one dialled link: each a REQ of its own until EOSE (NIP-01). */
export class Queries {
  private readonly open = new Map<string, Query>()
  private count = 0

  constructor(
    private readonly clock: Clock,
    private readonly write: (message: string) => boolean,
  ) {}

  /** What is there, at most 500 events; what came where EOSE does not come within 5 s. */
  ask(filter: Filter): Promise<string[]> {
    if (this.open.size >= AT_ONCE) return Promise.resolve([])
    const id = `q${this.count++}`
    const { promise, resolve } = Promise.withResolvers<string[]>()
    const stop = this.clock.after(ANSWER_MS, () => this.end(id))
    this.open.set(id, { found: [], resolve, stop })
    this.write(JSON.stringify(['REQ', id, filter]))
    return promise
  }

  found(id: string | undefined, text: string | undefined): void {
    const query = this.open.get(id ?? '')
    if (!query || text === undefined) return
    query.found.push(text)
    if (query.found.length >= STORED_AT_ONCE) this.end(id)
  }

  end(id: string | undefined): void {
    const query = this.open.get(id ?? '')
    if (!query || id === undefined) return
    this.open.delete(id)
    query.stop()
    this.write(JSON.stringify(['CLOSE', id]))
    query.resolve(query.found)
  }

  endAll(): void {
    for (const id of this.open.keys()) this.end(id)
  }
}
