import type { Clock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { name as nameField } from '../../protocol/fields.ts'
import { unlessAborted } from '../abort.ts'
import { nameOf } from '../openai/probe.ts'
import { openaiRunner } from '../openai.ts'
import { type Runner, RunnerFault } from '../runner.ts'
import type { LlamaSpec, LlamaUse } from '../spec.ts'
import type { TaskName } from '../../tasks/task.ts'
import { callJson, upstream } from '../upstream.ts'
import type { Command } from './child.ts'
import { environment } from './environment.ts'
import { RULES, type Rules } from './state.ts'

/** How a llama-server is started: what each flag is for stands in docs/runners.md. */
export const llamaCommand = (spec: LlamaSpec, program: string, at: Endpoint): Command => {
  const alias = nameOf(spec.model)
  const flags: readonly (readonly [string, string | number | undefined])[] = [
    ['-m', spec.model],
    ['-a', nameField.safeParse(alias).success ? alias : undefined],
    ['--host', at.socket ?? '127.0.0.1'],
    // Where a socket file cannot be: the system chooses, so that no other process can come before us.
    ['--port', at.socket === undefined ? 0 : undefined],
    // llama-server divides its context among its slots.
    ['-c', spec.ctx * spec.slots],
    ['-np', spec.slots],
    ['-t', spec.threads],
    ['-ngl', spec.gpuLayers],
    // No prompt of one customer is kept for the next, in up to 8 GiB of memory.
    ['--cache-ram', 0],
  ]
  return {
    program,
    args: [
      ...flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)])),
      // It fetches nothing, shows nobody a page, and tells nobody what its slots are at.
      '--offline',
      '--no-webui',
      '--no-slots',
      ...(spec.use === 'embed' ? ['--embeddings'] : []),
      ...(spec.use === 'rerank' ? ['--reranking'] : []),
    ],
    env: environment(process.env),
  }
}

/** Where it listens: a UNIX socket, or a port of loopback that it says in its log. */
export type Endpoint = Readonly<{ socket: string | undefined }>

/** The longest path that a UNIX socket can have on all systems (sun_path has 104 bytes on macOS). */
const SOCKET_PATH = 103

export const endpointAt = (place: string): Endpoint => {
  const socket = `${place}.sock`
  const fits = process.platform !== 'win32' && Buffer.byteLength(socket) <= SOCKET_PATH
  return { socket: fits ? socket : undefined }
}

/** The address in its line about that, where it listens on a port. */
export const addressIn = (line: string): string | undefined =>
  /listening on (http:\/\/127\.0\.0\.1:[0-9]{1,5})\b/.exec(line)?.[1]

/** Loading from a slow disk at 25 MB/s, three minutes for the first token, and never less than that. */
export const rulesFor = (bytes: number): Rules => ({
  ...RULES,
  loadMs: 180_000 + Math.ceil(bytes / 25_000),
})

/**
 * Waits until it has loaded its model, then for a real token of each task that it does.
 * @throws Fault `unavailable` `runner.TROUBLE`; RunnerFault `cancelled` by `signal`
 */
export const proveLlama = async (
  at: Endpoint,
  address: Promise<string>,
  spec: LlamaSpec,
  clock: Clock,
  signal: AbortSignal,
): Promise<Runner> => {
  const base = at.socket === undefined ? await unlessAborted(address, signal) : 'http://localhost'
  const unix = at.socket === undefined ? {} : { unix: at.socket }
  const to = upstream(base, { ...unix, clock })
  for (let wait = FIRST_LOOK_MS; !(await healthy(to, signal)); wait = Math.min(wait * 2, LOOK_MS))
    await unlessAborted(new Promise<void>((resolve) => void clock.after(wait, resolve)), signal)
  const runner = await openaiRunner(base, { ...unix, slots: spec.slots, clock, signal })
  const capabilities = (await runner.capabilities()).filter((it) => USES[spec.use].has(it.task))
  if (capabilities.length === 0) throw new Fault('unavailable', WRONG_USE, 'it does something else')
  return {
    info: runner.info,
    slots: runner.slots,
    // What it proved. Asked again, a busy one might not answer in time, and it is not dead for that.
    capabilities: () => Promise.resolve(capabilities),
    run: (work, sink, ended) => runner.run(work, sink, ended),
  }
}

/** The model does not do what it was started for. */
export const WRONG_USE = 'runner.wrong_use'

const USES: Readonly<Record<LlamaUse, ReadonlySet<TaskName>>> = {
  chat: new Set(['text.chat@1', 'text.generate@1']),
  embed: new Set(['text.embed@1']),
  rerank: new Set(['text.rerank@1']),
}

const FIRST_LOOK_MS = 10
const LOOK_MS = 500
const HEALTH_MS = 3_000

const healthy = async (to: ReturnType<typeof upstream>, signal: AbortSignal): Promise<boolean> => {
  const question = { method: 'GET' as const, path: '/health', waitMs: HEALTH_MS }
  try {
    await callJson(to, question, signal, 4096)
    return true
  } catch (error) {
    // Not there yet, still loading, or too busy with that to answer: its deadline is the supervisor's.
    if (error instanceof RunnerFault && error.trouble === 'cancelled') throw error
    return false
  }
}
