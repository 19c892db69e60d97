import type { Units } from '../../protocol/fields.ts'
import type { Chunk, ReportedUsage } from './chunk.ts'

/** Bytes of a token at most, in ordinary text: what makes a lower bound out of bytes. */
const BYTES_PER_TOKEN = 8

/** What a job may use at most: reports beyond are wrong, whatever they say. */
export type Bound = Readonly<{ inBytes: number; inTokens: number; outTokens: number }>

/** Counts what a stream uses, piece by piece, and says at the end who counted. */
export class Meter {
  private readonly bound: Bound
  private timings: NonNullable<Chunk['timings']> | undefined
  private reported: ReportedUsage | undefined
  private delivered = 0
  private reasoned = 0

  constructor(bound: Bound) {
    this.bound = bound
  }

  /** Takes in what a chunk says about usage. */
  read(chunk: Chunk): void {
    if (chunk.timings) this.timings = chunk.timings
    if (chunk.usage) this.reported = chunk.usage
  }

  /** One piece goes out; all that was used up to and with it. */
  piece(isReasoning: boolean): Units {
    this.delivered++
    if (isReasoning) this.reasoned++
    return this.soFar()
  }

  /**
   * All that was used: the runner's own report, less what it says it did not deliver. A report that
   * cannot be true (more than the input has bytes, more than was allowed out) is not signed: then it
   * is our own count, which is low rather than high.
   */
  total(): { usage: Units; countedBy: 'runner' | 'node' } {
    const usage = this.reported && reportedUnits(this.reported, this.reasoned > 0)
    if (usage && this.possible(usage)) return { usage, countedBy: 'runner' }
    return { usage: this.soFar(), countedBy: this.timings ? 'runner' : 'node' }
  }

  private soFar(): Units {
    const counted = this.timings && {
      in_token: this.timings.prompt_n,
      ...(this.timings.cache_n > 0 && { cached_token: this.timings.cache_n }),
      out_token: this.timings.predicted_n,
    }
    if (counted && this.possible(counted)) return counted
    this.timings = undefined
    return {
      in_token: Math.ceil(this.bound.inBytes / BYTES_PER_TOKEN),
      // A piece is a token at least; several only where the runner collects them.
      out_token: Math.min(this.delivered, this.bound.outTokens),
    }
  }

  private possible(usage: Units): boolean {
    const read = (usage.in_token ?? 0) + (usage.cached_token ?? 0)
    return read <= this.bound.inTokens && (usage.out_token ?? 0) <= this.bound.outTokens
  }
}

const reportedUnits = (usage: ReportedUsage, reasoningCame: boolean): Units => {
  const cached = Math.min(usage.prompt_tokens_details?.cached_tokens ?? 0, usage.prompt_tokens)
  const reasoning = usage.completion_tokens_details?.reasoning_tokens ?? 0
  const hidden = reasoningCame ? 0 : Math.min(reasoning, usage.completion_tokens)
  return {
    in_token: usage.prompt_tokens - cached,
    ...(cached > 0 && { cached_token: cached }),
    out_token: usage.completion_tokens - hidden,
  }
}
