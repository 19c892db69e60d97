import type { z } from 'zod'
import type { Unit, Units } from '../protocol/fields.ts'
import type { Sizes } from '../protocol/ask.ts'

/** The tasks that fedai knows today, by name and version. */
export const TASK_NAMES = [
  'text.chat@1',
  'text.generate@1',
  'text.embed@1',
  'text.rerank@1',
  'text.summarize@1',
  'text.chunk@1',
  'text.detect@1',
] as const
export type TaskName = (typeof TASK_NAMES)[number]

/**
 * One task: what goes in, what comes out, in which pieces, and what it is billed by.
 * The catalogue (catalogue.ts) has one of these per task.
 */
export interface Task<Input = unknown, Output = unknown, Delta = unknown> {
  readonly name: TaskName
  /** One sentence for people. */
  readonly about: string
  readonly input: z.ZodType<Input>
  readonly output: z.ZodType<Output>
  /** One piece of output, as it travels. */
  readonly delta: z.ZodType<Delta>
  /** The units it is billed by, in the order in which people read them. */
  readonly units: readonly Unit[]
  /** True when the same input gives the same output, everywhere. */
  readonly deterministic: boolean
  /** What an input measures. */
  sizes(input: Input): Sizes
  /** The output that these deltas, in order, make. Throws where they make none. */
  join(deltas: readonly Delta[]): Output
  /**
   * The same delta in parts of at most `most` UTF-16 units of text each, which join to the same output.
   * Tasks whose deltas are small by their schema have none.
   */
  split?(delta: Delta, most: number): readonly Delta[]
  /** The text that a delta adds to what a person reads; '' where the task's output is no running text. */
  text(delta: Delta): string
  /** The output as a person reads it when it is complete. */
  show(output: Output): string
  /** The input that a bare text (argument, file or stdin) stands for; undefined where the task needs JSON. */
  fromText?(text: string, options: { system?: string; maxTokens?: number }): unknown
}

/** A whole result that travels in slices: a delta of JSON text. Tasks whose output is one object use it. */
export type Slice = { json: string }

/** A task that fedai can do itself, without a runner: pure, in memory. */
export interface BuiltIn {
  readonly task: TaskName
  /** The model name it is offered under, such as `fedai-bm25`. */
  readonly model: string
  /** Deltas in order, each with the cumulative usage; the last one's is the whole. */
  run(input: unknown): Iterable<{ delta: unknown; usage: Units }>
}
