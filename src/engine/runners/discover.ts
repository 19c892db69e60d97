import { isFault } from '../base/fault.ts'
import { getJson } from '../transport/egress.ts'
import { ollamaRunner } from './ollama.ts'
import { baseOf, openaiRunner, unusable } from './openai.ts'
import { type Runner, RunnerFault } from './runner.ts'

/** Where runners usually answer on this machine. */
export const USUAL = {
  llama: 'http://127.0.0.1:8080',
  ollama: 'http://127.0.0.1:11434',
} as const

/**
 * Attaches the ollama at an address that somebody named.
 * @throws Fault `unavailable` `runner.TROUBLE` (openai.ts), also where it is no ollama
 */
export const attachOllama = (
  url: string,
  options: Readonly<{ signal?: AbortSignal }> = {},
): Promise<Runner> => OLLAMA.attach(baseOf(url), options)

/**
 * Attaches the server at an address that somebody named: ollama by its own API, whoever named it as
 * an OpenAI server, since its OpenAI API cuts long prompts in silence; all others by OpenAI's.
 * @param url such as `http://127.0.0.1:8080`, with or without `/v1`
 * @throws Fault `unavailable` `runner.TROUBLE` (openai.ts)
 */
export const attachRunner = async (
  url: string,
  options: Readonly<{ signal?: AbortSignal }> = {},
): Promise<Runner> => {
  const base = baseOf(url)
  const isOllama = (await look(base + OLLAMA.page, OLLAMA.field, NAMED_MS)) === 'it'
  return isOllama ? OLLAMA.attach(base, options) : openaiRunner(base, options)
}

/**
 * The runners that answer on their usual ports and are what they should be: llama-server on 8080,
 * ollama on 11434. A quarter of a second where nobody does; what answers and does not work, within
 * `proveMs` (default 10 s), is left out, with its reason told to `onTrouble`.
 */
export const discoverRunners = async (
  options: Readonly<{
    usual?: Readonly<{ llama: string; ollama: string }>
    proveMs?: number
    onTrouble?: (address: string, reason: string) => void
  }> = {},
): Promise<Runner[]> => {
  const { usual = USUAL, proveMs = PROVE_MS, onTrouble = () => {} } = options
  const attach = async (it: Kind, address: string) => {
    const presence = await look(address + it.page, it.field, QUICK_MS)
    if (presence === 'nobody') return []
    const signal = AbortSignal.timeout(proveMs)
    try {
      if (presence === 'other')
        throw new RunnerFault('unsupported', `what answers there is no ${it.name}`)
      return [await it.attach(address, { signal })]
    } catch (error) {
      onTrouble(address, signal.aborted ? tooSlow(proveMs) : reasonOf(address, error))
      return []
    }
  }
  const found = await Promise.all([attach(LLAMA, usual.llama), attach(OLLAMA, usual.ollama)])
  return found.flat()
}

const QUICK_MS = 250
/** For an address that somebody named: it may be another machine. */
const NAMED_MS = 3_000
/** For one real token of a model that may have to be loaded first. */
const PROVE_MS = 10_000

/** A kind of server: the page that it alone has, a field there, and how it is attached. */
type Kind = Readonly<{
  name: string
  page: string
  field: string
  attach: (address: string, options: Readonly<{ signal?: AbortSignal }>) => Promise<Runner>
}>

const LLAMA: Kind = {
  name: 'llama-server',
  page: '/props',
  field: 'total_slots',
  attach: openaiRunner,
}

const OLLAMA: Kind = {
  name: 'ollama',
  page: '/api/version',
  field: 'version',
  attach: (address, options) =>
    ollamaRunner(address, options).catch((error: unknown) => {
      throw error instanceof RunnerFault ? unusable(address, error) : error
    }),
}

/** `locked` is what is still loading, or asks for a key: it says better itself what it lacks. */
type Presence = 'it' | 'locked' | 'other' | 'nobody'

/** Who is there: what has this field on this page, something else that answers, or nobody in time. */
const look = async (url: string, field: string, ms: number): Promise<Presence> => {
  try {
    const it = await getJson(url, { timeoutMs: ms, allowPrivate: true })
    return typeof it === 'object' && it !== null && field in it ? 'it' : 'other'
  } catch (error) {
    if (!isFault(error)) return 'nobody'
    if (error.code === 'egress.status')
      return /\b(?:401|403|503)$/.test(error.message) ? 'locked' : 'other'
    return error.code === 'egress.not_json' ? 'other' : 'nobody'
  }
}

const tooSlow = (ms: number): string => `no token came within ${ms / 1000} s`

const reasonOf = (address: string, error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  return message.startsWith(`${address}: `) ? message.slice(address.length + 2) : message
}
