import type { Finish } from '../../protocol/fields.ts'
import { unlessAborted } from '../abort.ts'
import { type Done, RunnerFault, type Sink } from '../runner.ts'
import { serverEvents } from '../sse.ts'
import { troubleIn, troubleOf } from '../trouble.ts'
import type { Call } from '../upstream.ts'
import { chatDelta, type Chunk, chunk, finishOf } from './chunk.ts'
import type { Meter } from './meter.ts'

/**
 * Reads a stream of text to its end. It ended well only where a finish reason came *and* `[DONE]`:
 * ollama closes a stream in good order when its engine dies, and a crash is not charged.
 * @returns how it ended; `model` as the server called it, '' where it did not
 */
export const readStream = async (
  task: 'text.chat@1' | 'text.generate@1',
  { chunks, expect, pause, signal }: Call,
  gapMs: number,
  meter: Meter,
  sink: Sink,
): Promise<Done> => {
  let finish: Finish | undefined
  let model = ''
  let started = false
  for await (const { type, data } of serverEvents(chunks)) {
    if (data === '[DONE]') {
      if (!finish) throw quietEnd()
      return { finish, ...meter.total(), model }
    }
    const it = parse(data, type)
    if (!started) {
      sink.started()
      started = true
    }
    meter.read(it)
    model ||= it.model ?? ''
    const choice = it.choices?.find((one) => one.index === 0)
    const delta =
      choice &&
      (task === 'text.chat@1' ? chatDelta(choice) : choice.text ? { text: choice.text } : undefined)
    if (delta) {
      const usage = meter.piece('reasoning' in delta)
      // While the reader is slow, the runner is not: its deadline waits too.
      pause()
      await unlessAborted(sink.piece({ delta, usage }), signal)
    }
    if (choice?.finish_reason) finish = finishOf(choice.finish_reason)
    // Keep-alive comments and empty chunks are no progress: what was read or delivered is.
    if (delta || finish || it.prompt_progress) expect(gapMs)
  }
  throw quietEnd()
}

const parse = (data: string, type: string): Chunk => {
  let json: unknown
  try {
    json = JSON.parse(data)
  } catch (cause) {
    if (type === 'error') throw troubleOf(500, data)
    throw new RunnerFault('crashed', 'the runner sent a piece that is no JSON', { cause })
  }
  const trouble = troubleIn(type === 'error' ? { error: json } : json) ?? troubleIn(json)
  if (trouble) throw trouble
  const it = chunk.safeParse(json)
  if (it.success) return it.data
  throw new RunnerFault('crashed', 'the runner sent a piece of an unknown shape')
}

const quietEnd = (): RunnerFault =>
  new RunnerFault('crashed', 'the runner ended its stream without saying how')
