import { Fault } from '../../engine/base/fault.ts'
import { builtinRunner } from '../../engine/runners/builtin.ts'
import { openaiRunner } from '../../engine/runners/openai.ts'
import type { Runner } from '../../engine/runners/runner.ts'

/** Where servers listen unless somebody says otherwise. */
const USUAL = [
  { product: 'llama-server', url: 'http://127.0.0.1:8080' },
  { product: 'ollama', url: 'http://127.0.0.1:11434' },
] as const

/** Time for a server that was not named to prove itself: nobody waits long for what may not be there. */
const FIND_MS = 5_000

/**
 * The runners of a node: what fedai does itself, and what was named with `--runner KIND=URL` or, where
 * nothing was named, answers on a usual port. `--runner none` keeps it from looking.
 * @throws Fault `usage` `runner.kind`, `unavailable` `runner.TROUBLE` for one that was named and fails
 */
export const findRunners = async (named: readonly string[], version: string): Promise<Runner[]> => {
  const urls = named.filter((it) => it !== 'none').map(urlOf)
  const attached =
    named.length > 0
      ? await Promise.all(urls.map((url) => openaiRunner(url)))
      : (await Promise.all(USUAL.map(({ url }) => tried(url)))).filter((it) => it !== undefined)
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

const tried = async (url: string): Promise<Runner | undefined> => {
  try {
    return await openaiRunner(url, { signal: AbortSignal.timeout(FIND_MS) })
  } catch {
    // Nothing there, or something else, or not ready: all mean that there is no runner to use now.
    return undefined
  }
}
