import type { Log } from '../base/log.ts'
import { builtinRunner } from './builtin.ts'
import { attachOllama, attachRunner, discoverRunners } from './discover.ts'
import { closeRunners, type Runner } from './runner.ts'
import { parseRunner, type RunnerSpec } from './spec.ts'
import { spawnLlama } from './supervisor/spawn.ts'

export type OpenRunners = Readonly<{
  /** The program's own version, that of the built-in tasks. */
  version: string
  /** Told of what a runner that was started does: loading, ready, gone, back. */
  log: Log
  /** Told in one line why something that answers on a usual port is not used. */
  say: (line: string) => void
  /** The runtime folder: for sockets, and for the list of what must not be left behind. */
  runtime: string
  /** Ends the opening; what was started by then is taken down. */
  signal?: AbortSignal
  usual?: Readonly<{ llama: string; ollama: string }>
}>

/**
 * The runners of a node: what fedai does itself, and what was named with `--runner` or, where nothing
 * was named, answers on a usual port; `none` keeps it from looking. All have given a real token. Whoever
 * calls this closes them (`closeRunners`).
 * @throws Fault `usage` `runner.kind` | `runner.option`; `unavailable` `runner.TROUBLE` for one that was
 * named and fails; `interrupted` by `signal`
 */
export const openRunners = async (
  named: readonly string[],
  options: OpenRunners,
): Promise<Runner[]> => {
  const specs = named.map(parseRunner)
  const builtin = builtinRunner({ version: options.version })
  if (specs.length === 0) return [builtin, ...(await discover(options))]
  const opening = await Promise.allSettled(specs.map((spec) => open(spec, options)))
  const opened = opening.flatMap((it) => (it.status === 'fulfilled' ? it.value : []))
  const failed = opening.find((it) => it.status === 'rejected')
  if (!failed) return [builtin, ...opened]
  await closeRunners(opened)
  throw failed.reason
}

/** The models that runners offer for chat. */
export const chatModels = async (runners: readonly Runner[]): Promise<string[]> => {
  const all = await Promise.all(runners.map((runner) => runner.capabilities()))
  const chats = all.flat().filter((it) => it.task === 'text.chat@1')
  return [...new Set(chats.map((it) => it.model.name))]
}

const open = async (spec: RunnerSpec, options: OpenRunners): Promise<Runner[]> => {
  if (spec.kind === 'none') return []
  if (spec.kind === 'llama-server') return [await spawnLlama(spec, options)]
  const attach = spec.kind === 'ollama' ? attachOllama : attachRunner
  return [await attach(spec.url, options.signal ? { signal: options.signal } : {})]
}

const discover = ({ usual, say }: OpenRunners): Promise<Runner[]> =>
  discoverRunners({
    ...(usual && { usual }),
    onTrouble: (address, reason) => say(notUsed(address, reason)),
  })

const notUsed = (address: string, reason: string): string =>
  `not used: ${address}: ${reason} (to insist: --runner openai=${address})`
