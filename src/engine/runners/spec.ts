import { Fault } from '../base/fault.ts'

/** What a llama-server that fedai starts does: one of them, since each wants a model of its own. */
export type LlamaUse = 'chat' | 'embed' | 'rerank'

/** A llama-server to be started. */
export type LlamaSpec = Readonly<{
  kind: 'llama-server'
  /** Path of a GGUF file. */
  model: string
  /** Tokens of context that each job has. */
  ctx: number
  /** Jobs at once. */
  slots: number
  use: LlamaUse
  /** Left to llama-server where they are absent. */
  threads?: number
  gpuLayers?: number
  /** The program, where it is not `llama-server` in PATH. */
  program?: string
}>

/** One `--runner`, understood. */
export type RunnerSpec =
  | Readonly<{ kind: 'none' }>
  /** A server that runs already, by its API. */
  | Readonly<{ kind: 'openai' | 'ollama'; url: string }>
  | LlamaSpec

/**
 * Reads `none`, `openai=URL`, `ollama=URL` or `llama-server=MODEL.gguf[,NAME=VALUE]…` with the names
 * `ctx`, `slots`, `for`, `threads`, `gpu-layers` and `program` (docs/runners.md).
 * @throws Fault `usage` `runner.kind` | `runner.option` | `runner.secret`
 */
export const parseRunner = (text: string): RunnerSpec => {
  if (text === 'none') return { kind: 'none' }
  const [, kind, rest = ''] = /^([a-z-]+)=(.+)$/s.exec(text) ?? []
  if ((kind === 'openai' || kind === 'ollama') && isHttp(rest)) {
    const { username, password } = new URL(rest)
    if (username === '' && password === '') return { kind, url: rest }
    // Not shown: it stands in a command line already, and is to stand nowhere else.
    throw new Fault('usage', 'runner.secret', `--runner ${kind}=… has a password in its address`, {
      hint: 'take it out: fedai sends none to a runner',
    })
  }
  if (kind === 'llama-server') return llamaSpec(text, rest)
  throw new Fault('usage', 'runner.kind', `--runner ${brief(text)} names no runner`, {
    hint: 'write llama-server=MODEL.gguf, openai=http://127.0.0.1:8080, ollama=http://127.0.0.1:11434, or none',
  })
}

/** Tokens of context that a job has where nobody says otherwise; as much as ollama gives. */
const CTX = 4096

const llamaSpec = (text: string, rest: string): LlamaSpec => {
  const options = new Map<string, string>()
  let model = rest
  // From the end: the file's own name may have commas.
  for (;;) {
    const [whole, name, value] = /,([a-z-]+)=([^,]*)$/.exec(model) ?? []
    if (whole === undefined) break
    if (!OPTIONS.has(name!)) throw wrong(text, `has no option ${name}`, `it has ${NAMES}`)
    if (options.has(name!)) throw wrong(text, `says ${name} twice`, 'keep one')
    options.set(name!, value!)
    model = model.slice(0, -whole.length)
  }
  if (model === '') throw wrong(text, 'names no model', 'write llama-server=MODEL.gguf')
  const number = (name: string, least: number, most: number): number | undefined => {
    const value = options.get(name)
    if (value === undefined) return undefined
    const n = /^[0-9]{1,9}$/.test(value) ? Number(value) : Number.NaN
    if (n >= least && n <= most) return n
    throw wrong(
      text,
      `says ${name}=${brief(value)}`,
      `write a whole number from ${least} to ${most}`,
    )
  }
  const use = options.get('for') ?? 'chat'
  if (use !== 'chat' && use !== 'embed' && use !== 'rerank')
    throw wrong(text, `says for=${brief(use)}`, 'write for=chat, for=embed or for=rerank')
  const threads = number('threads', 1, 1024)
  const gpuLayers = number('gpu-layers', 0, 9999)
  const program = options.get('program')
  if (program === '') throw wrong(text, 'names no program', 'write program=/PATH/llama-server')
  return {
    kind: 'llama-server',
    model,
    ctx: number('ctx', 64, 10_000_000) ?? CTX,
    slots: number('slots', 1, 256) ?? 1,
    use,
    ...(threads !== undefined && { threads }),
    ...(gpuLayers !== undefined && { gpuLayers }),
    ...(program !== undefined && { program }),
  }
}

const OPTIONS = new Set(['ctx', 'slots', 'for', 'threads', 'gpu-layers', 'program'])
const NAMES = [...OPTIONS].join(', ')

const isHttp = (url: string): boolean => /^https?:$/.test(URL.parse(url)?.protocol ?? '')

const wrong = (text: string, what: string, hint: string): Fault =>
  new Fault('usage', 'runner.option', `--runner ${brief(text)} ${what}`, { hint })

const brief = (text: string): string => JSON.stringify(text.slice(0, 80)).slice(1, -1)
