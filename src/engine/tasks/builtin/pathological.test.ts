import { describe, expect, test } from 'bun:test'
import { KIB, MIB } from '../../base/bounds.ts'
import { BUILT_INS } from '../builtin.ts'
import { TASKS } from '../catalogue.ts'
import { builtinRunner } from '../../runners/builtin.ts'

/** What makes patterns look back and forth: long runs, and near misses at their end. */
const RUNS: Readonly<Record<string, (size: number) => string>> = {
  'dots and an x': (size) => `${'.'.repeat(size - 1)}x`,
  'marks of all kinds and an x': (size) => `${'.!?…'.repeat(size / 6)}x`,
  'a dot and quotes': (size) => `.${'"'.repeat(size - 2)}x`,
  'dots with quotes': (size) => `${'."'.repeat(size / 2 - 1)}x`,
  spaces: (size) => `${' '.repeat(size - 1)}x`,
  'a dot and spaces': (size) => `.${' '.repeat(size - 2)}x`,
  newlines: (size) => `${'\n'.repeat(size - 1)}x`,
  'a newline and tabs': (size) => `\n${'\t'.repeat(size - 2)}x`,
  'newlines with spaces': (size) => `${'\n '.repeat(size / 2 - 1)}x`,
  brackets: (size) => `.${')]'.repeat(size / 2 - 1)}x`,
  'full stops of Chinese': (size) => `${'。'.repeat(size / 3 - 1)}x`,
  'one word': (size) => 'a'.repeat(size),
  'one word of Chinese': (size) => '字'.repeat(size / 3 - 1),
  'one letter and its marks': (size) => `a${'\u0301'.repeat(size / 2 - 1)}`,
}

const inputOf: Readonly<Record<string, (text: string) => unknown>> = {
  'text.summarize@1': (input) => ({ input, sentences: 3 }),
  'text.chunk@1': (input) => ({ input, size: 1000, overlap: 500, unit: 'words' }),
  'text.rerank@1': (text) => ({ query: text.slice(0, 1000), documents: [text, 'x'] }),
  'text.embed@1': (input) => ({ input }),
  'text.detect@1': (input) => ({ input }),
}

/** No quadratic step of a MiB (10¹²) ends in this time, and every linear one does on any machine. */
const BOUND_MS = 5_000

describe.each(BUILT_INS.map((it) => [it.model, it] as const))('%s', (_, it) => {
  test.each(Object.keys(RUNS))('is done with a MiB of %s', (name) => {
    const task = TASKS[it.task]
    const input = task.input.parse(inputOf[it.task]!(RUNS[name]!(MIB)))
    const began = performance.now()
    const pieces = [...it.run(input)]
    expect(performance.now() - began).toBeLessThan(BOUND_MS)
    expect(pieces.length).toBeGreaterThan(0)
  })
})

test('no built-in is offered more than one short step can do', async () => {
  for (const { limits } of await builtinRunner().capabilities())
    expect(limits.inputBytes).toBeLessThanOrEqual(256 * KIB)
})
