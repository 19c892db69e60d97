import { getJson } from '../transport/egress.ts'
import { ollamaRunner } from './ollama.ts'
import { openaiRunner } from './openai.ts'
import type { Runner } from './runner.ts'

/** Where runners usually answer on this machine. */
export const USUAL = {
  llama: 'http://127.0.0.1:8080',
  ollama: 'http://127.0.0.1:11434',
} as const

const QUICK_MS = 250

/**
 * The runners that answer on their usual ports and are what they should be: llama-server on 8080,
 * ollama on 11434. A quarter of a second where nobody does; what answers and does not work is left
 * out, with its reason told to `onTrouble`.
 */
export const discoverRunners = async (
  options: Readonly<{
    usual?: Readonly<{ llama: string; ollama: string }>
    onTrouble?: (address: string, reason: string) => void
  }> = {},
): Promise<Runner[]> => {
  const { llama, ollama } = options.usual ?? USUAL
  const attach = async (address: string, isIt: Promise<boolean>, make: () => Promise<Runner>) => {
    if (!(await isIt)) return []
    try {
      return [await make()]
    } catch (error) {
      options.onTrouble?.(address, error instanceof Error ? error.message : String(error))
      return []
    }
  }
  const found = await Promise.all([
    attach(llama, answers(`${llama}/props`, 'total_slots'), () => openaiRunner(llama)),
    attach(ollama, answers(`${ollama}/api/version`, 'version'), () => ollamaRunner(ollama)),
  ])
  return found.flat()
}

/** True where the address answers, in time, with an object that has this field: many things use 8080. */
const answers = (url: string, field: string): Promise<boolean> =>
  getJson(url, { timeoutMs: QUICK_MS, allowPrivate: true }).then(
    (it) => typeof it === 'object' && it !== null && field in it,
    () => false,
  )
