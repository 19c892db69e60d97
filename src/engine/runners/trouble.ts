import { RunnerFault, type RunnerTrouble } from './runner.ts'

/** What a server says is wrong, out of any shape that servers say it in. */
type Complaint = Readonly<{ message: string; type: string; code: number | null; body: unknown }>

/**
 * An answer with an error status as a RunnerFault, by status and body: servers use 400, 404, 500 and
 * 503 for too many things to go by the status alone.
 */
export const troubleOf = (status: number, text: string): RunnerFault => {
  const complaint = complaintIn(parse(text)) ?? { message: text, type: '', code: null, body: null }
  return faultOf(status, complaint)
}

/** The error that one JSON message of a stream is, or undefined where it is none. */
export const troubleIn = (message: unknown): RunnerFault | undefined => {
  const complaint = complaintIn(message)
  return complaint && faultOf(complaint.code ?? 500, complaint)
}

/**
 * Nested `{error: {message, type, code}}` (OpenAI, llama-server, new vLLM), `{error: "text"}` (ollama;
 * the text can be JSON again), flat `{object: "error", message}` (old vLLM), `{detail}` (FastAPI).
 */
const complaintIn = (body: unknown): Complaint | undefined => {
  if (!isObject(body)) return undefined
  if (typeof body.error === 'string') {
    const inner = complaintIn(parse(body.error))
    return inner ?? { message: body.error, type: '', code: null, body }
  }
  if (isObject(body.error)) return complaintOf(body.error)
  if (body.object === 'error') return complaintOf(body)
  if (typeof body.detail === 'string') return { message: body.detail, type: '', code: null, body }
  if (Array.isArray(body.detail)) return complaintOf({ message: validation(body.detail) })
  if (isObject(body.detail)) return complaintOf(body.detail)
  return undefined
}

const complaintOf = (body: Record<string, unknown>): Complaint => ({
  message: typeof body.message === 'string' ? body.message : '',
  type: [body.type, body.code].filter((it) => typeof it === 'string').join(' '),
  code: typeof body.code === 'number' ? body.code : null,
  body,
})

// Pydantic repeats the input in `input`; only what it says about it is kept.
const validation = (details: readonly unknown[]): string =>
  details.map((it) => (isObject(it) && typeof it.msg === 'string' ? it.msg : '')).join('; ')

const TOO_LONG =
  /exceed_context_size|context_length_exceeded|context (?:size|length|window)|too large to process|input length exceeds|prompt is too long/i
const OUT_OF_MEMORY = /out of memory|\boom\b|cudamalloc|failed to allocate|cannot allocate/i
const NOT_SUPPORTED = /not_supported|not supported|does not support|unsupported|not implemented/i

const faultOf = (status: number, { message, type, body }: Complaint): RunnerFault => {
  const said = `${type} ${message}`
  const trouble = ((): RunnerTrouble => {
    if (TOO_LONG.test(said) || status === 413) return 'too_long'
    if (OUT_OF_MEMORY.test(said)) return 'oom'
    if (status === 401 || status === 403) return 'auth'
    if (status === 501 || status === 405 || NOT_SUPPORTED.test(said)) return 'unsupported'
    if (status === 404) return /model/i.test(said) ? 'no_model' : 'unsupported'
    if (status === 503) return /loading/i.test(said) ? 'loading' : 'busy'
    if (status === 429) return 'busy'
    if (status === 408 || status === 504) return 'timeout'
    return status >= 400 && status < 500 ? 'bad_request' : 'crashed'
  })()
  if (trouble === 'too_long') return new RunnerFault(trouble, tooLong(message, body))
  return new RunnerFault(trouble, discreet(message) || `the runner answered ${status}`)
}

/** Both numbers in one sentence, where the server gave them in fields or in words. */
const tooLong = (message: string, body: unknown): string => {
  const fields = isObject(body) ? body : {}
  const used =
    numberOf(fields.n_prompt_tokens) ??
    inWords(/(?:request(?:ed)?|input|resulted in|prompt)[^0-9]{0,24}([0-9]+) tokens/i, message)
  const most =
    numberOf(fields.n_ctx) ??
    inWords(/(?:context (?:length|size|window)|batch size)[^0-9]{0,12}([0-9]+)/i, message)
  return used !== undefined && most !== undefined
    ? `the input has ${used} tokens, the runner reads at most ${most}`
    : 'the input is longer than the runner reads'
}

const inWords = (pattern: RegExp, message: string): number | undefined =>
  numberOf(Number(pattern.exec(message)?.[1]))

const numberOf = (n: unknown): number | undefined =>
  typeof n === 'number' && Number.isSafeInteger(n) && n >= 0 ? n : undefined

/** A server may quote what it was sent: long quotations go, since no prompt may reach a log. */
const discreet = (message: string): string =>
  message
    .replace(/(["'`])(?:(?!\1)[^]){30,}(?:\1|$)/g, '…')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300)

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

const isObject = (it: unknown): it is Record<string, unknown> =>
  typeof it === 'object' && it !== null && !Array.isArray(it)
