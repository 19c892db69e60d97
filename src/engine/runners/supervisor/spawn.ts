import { accessSync, constants, statSync } from 'node:fs'
import { basename, delimiter, resolve } from 'node:path'
import { type Clock, systemClock } from '../../base/clock.ts'
import { Fault, isFault } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import { type Random, systemRandom } from '../../base/random.ts'
import { cancelled } from '../abort.ts'
import { nameOf } from '../openai/probe.ts'
import type { Runner, RunnerInfo } from '../runner.ts'
import type { LlamaSpec } from '../spec.ts'
import { startChild } from './child.ts'
import { INSTALL, Symptoms } from './classify.ts'
import type { Launched } from './launched.ts'
import { type Leftovers, openLeftovers } from './leftovers.ts'
import {
  addressIn,
  endpointAt,
  llamaCommand,
  proveLlama,
  rulesFor,
  WRONG_USE,
} from './llama-server.ts'
import type { Rules, Trouble } from './state.ts'
import { Broken, Supervisor } from './supervisor.ts'

export type SpawnOptions = Readonly<{
  log: Log
  /** The runtime folder. */
  runtime: string
  /** Ends the start; once it serves, `close` does. */
  signal?: AbortSignal
  clock?: Clock
  random?: Random
  rules?: Partial<Rules>
}>

/**
 * Starts a llama-server for one model and keeps it up: it is started again where it dies, and goes when
 * this process goes, however that goes. It has given a real token when this resolves.
 * @throws Fault `unavailable` `runner.no_model_file` | `runner.no_program` | `runner.CODE` (classify.ts);
 * `interrupted` by `signal`
 */
export const spawnLlama = async (spec: LlamaSpec, options: SpawnOptions): Promise<Runner> => {
  const { log, runtime, signal, clock = systemClock, random = systemRandom } = options
  const bytes = sizeOf(spec.model)
  const program = programOf(spec)
  const leftovers = openLeftovers(runtime)
  const number = ++count
  const model = nameOf(spec.model)
  const supervisor = new Supervisor({
    launch: (run) => launch(spec, program, leftovers, `${number}-${run}`, clock),
    blame,
    rules: { ...rulesFor(bytes), ...options.rules },
    clock,
    random,
    log,
    about: { runner: 'llama-server', model, mb: Math.round(bytes / 1e6) },
  })
  try {
    const first = await supervisor.ensureReady(null, signal)
    return supervised(supervisor, first, spec.slots)
  } catch (error) {
    await supervisor.close(true)
    if (signal?.aborted) throw new Fault('interrupted', 'interrupted', 'interrupted')
    throw error instanceof Broken && error.why ? asFault(error.why, spec) : error
  }
}

/** Of those that this process started, for their files. */
let count = 0

/** How long a job that was taken just before the end waits for the next start. */
const JOB_WAITS_MS = 1_000

const supervised = (supervisor: Supervisor, first: Runner, slots: number): Runner => {
  let info: RunnerInfo = first.info
  return {
    get info() {
      info = supervisor.serving?.info ?? info
      return info
    },
    slots,
    capabilities: () => supervisor.serving?.capabilities() ?? Promise.resolve([]),
    async run(work, sink, signal) {
      if (signal.aborted) throw cancelled()
      const runner = await supervisor.ensureReady(JOB_WAITS_MS, signal)
      return supervisor.serve(runner, work, sink, signal)
    },
    watch: (changed) => supervisor.watch(changed),
    close: () => supervisor.close(),
  }
}

const launch = (
  spec: LlamaSpec,
  program: string,
  leftovers: Leftovers,
  name: string,
  clock: Clock,
): Launched => {
  const symptoms = new Symptoms(basename(spec.model))
  const address = Promise.withResolvers<string>()
  const at = endpointAt(leftovers.place(name))
  const child = startChild(llamaCommand(spec, program, at), (line) => {
    symptoms.add(line)
    const found = addressIn(line)
    if (found !== undefined) address.resolve(found)
  })
  if (child.pid !== undefined) leftovers.note(name, child.pid)
  return {
    child,
    exited: child.exited.then((exit) => {
      leftovers.strike(name)
      return symptoms.diagnose(exit, program)
    }),
    prove: (signal) => proveLlama(at, address.promise, spec, clock, signal),
  }
}

const blame = (error: unknown): Trouble =>
  isFault(error) && error.code === WRONG_USE
    ? { code: 'wrong_use', message: 'the model does not do this', hint: USE_HINT, hopeless: true }
    : {
        code: 'no_token',
        message: 'it answers, and gave no token',
        hint: USE_HINT,
        hopeless: false,
      }

const USE_HINT = 'say what the model is for: for=chat, for=embed or for=rerank'

const asFault = ({ code, message, hint }: Trouble, spec: LlamaSpec): Fault =>
  new Fault('unavailable', `runner.${code}`, `llama-server=${spec.model}: ${message}`, {
    ...(hint !== undefined && { hint }),
  })

const sizeOf = (model: string): number => {
  try {
    const it = statSync(model)
    accessSync(model, constants.R_OK)
    if (it.isFile()) return it.size
  } catch (cause) {
    const denied = (cause as NodeJS.ErrnoException).code === 'EACCES'
    throw new Fault(
      'unavailable',
      'runner.no_model_file',
      denied ? `${model} cannot be read` : `there is no file ${model}`,
      {
        hint: denied
          ? 'give this user the right to read it'
          : `a path is taken from the folder of the command: ${resolve(model)}`,
        cause,
      },
    )
  }
  throw new Fault('unavailable', 'runner.no_model_file', `${model} is no file`, {
    hint: 'name the GGUF file itself',
  })
}

const programOf = ({ program = 'llama-server' }: LlamaSpec): string => {
  const found = Bun.which(program)
  if (found !== null) return found
  const looked = /[\\/]/.test(program)
    ? `no program at ${program}`
    : `no ${program} in ${(process.env['PATH'] ?? '').split(delimiter).filter(Boolean).join(', ') || 'PATH, which is empty'}`
  throw new Fault('unavailable', 'runner.no_program', `there is ${looked}`, { hint: INSTALL })
}
