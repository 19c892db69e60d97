import { Fault } from '../../engine/base/fault.ts'
import { builtinRunner } from '../../engine/runners/builtin.ts'
import { attachRunner, discoverRunners } from '../../engine/runners/discover.ts'
import type { Runner } from '../../engine/runners/runner.ts'

/**
 * The runners of a node: what fedai does itself, and what was named with `--runner KIND=URL` or, where
 * nothing was named, answers on a usual port. `--runner none` keeps it from looking.
 * @param say told in one line why something that answers on a usual port is not used
 * @throws Fault `usage` `runner.kind`, `unavailable` `runner.TROUBLE` for one that was named and fails
 */
export const findRunners = async (
  named: readonly string[],
  version: string,
  say: (line: string) => void,
  usual?: Readonly<{ llama: string; ollama: string }>,
): Promise<Runner[]> => {
  const urls = named.filter((it) => it !== 'none').map(urlOf)
  const attached =
    named.length > 0
      ? await Promise.all(urls.map((url) => attachRunner(url)))
      : await discoverRunners({
          ...(usual && { usual }),
          onTrouble: (address, reason) => say(notUsed(address, reason)),
        })
  return [builtinRunner({ version }), ...attached]
}

/** The models that a runner offers for chat. */
export const chatModels = async (runners: readonly Runner[]): Promise<string[]> => {
  const all = await Promise.all(runners.map((runner) => runner.capabilities()))
  return [
    ...new Set(
      all
        .flat()
        .filter((it) => it.task === 'text.chat@1')
        .map((it) => it.model.name),
    ),
  ]
}

const urlOf = (text: string): string => {
  const [, kind = '', url = ''] = /^([a-z-]+)=(.+)$/.exec(text) ?? []
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (kind === 'openai' && (parsed?.protocol === 'http:' || parsed?.protocol === 'https:'))
    return url
  throw new Fault('usage', 'runner.kind', `--runner ${text} is not kind=url`, {
    hint: 'write openai=http://127.0.0.1:8080, or none',
  })
}

const notUsed = (address: string, reason: string): string =>
  `not used: ${address}: ${reason} (to insist: fedai up --runner openai=${address})`
