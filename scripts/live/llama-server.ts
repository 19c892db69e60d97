import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { getJson } from '../../src/engine/transport/egress.ts'
import { hasProgram } from './cache.ts'

export type LlamaOptions = Readonly<{
  /** The program: what `ensureLlamaServer` gave. */
  binary: string
  /** A GGUF file. */
  model: string
  /** Name it is served under. Default: the file's. */
  alias?: string
  embeddings?: boolean
  rerank?: boolean
  /** Jobs at once; each gets its share of `ctx`. Default 1. */
  slots?: number
  /** Context in tokens, of all slots together. Default 2048. */
  ctx?: number
  /** Default 1: more than the machine has free makes a small model a hundred times slower. */
  threads?: number
  /** Most ms until it is ready. Default 60,000. */
  readyMs?: number
}>

/** A llama-server that runs, on a port of its own, in a process group of its own. */
export type LlamaServer = Readonly<{
  url: string
  pid: number
  /** Ends it: TERM to the group, KILL after two seconds. */
  stop(): Promise<void>
  /** Settles when the process is gone, whoever ended it. */
  gone: Promise<void>
}>

/**
 * Starts a llama-server and waits until it has loaded its model.
 * @throws Error with its last words, where it ends or is not ready in time
 */
export const startLlamaServer = async (options: LlamaOptions): Promise<LlamaServer> => {
  const [command, ...args] = commandOf(options)
  const child = execa(command!, args, {
    // A group of its own, so that nothing of it stays behind; execa's clean-up does not reach groups.
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    extendEnv: false,
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: process.env.HOME ?? '/nonexistent' },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`llama-server: ${(await child).shortMessage}`)
  const gone = child.then(() => {})
  const stop = async () => {
    signalGroup(pid, 'SIGTERM')
    if (await within(2_000, gone)) return
    signalGroup(pid, 'SIGKILL')
    await gone
  }
  try {
    return { url: await ready(child.stderr, gone, options.readyMs ?? 60_000), pid, stop, gone }
  } catch (error) {
    await stop()
    throw error
  }
}

// --port 0 lets the system choose, which no other process can come before. setpriv (util-linux) has the
// kernel end it when we are killed, which no handler of ours could see.
const commandOf = (it: LlamaOptions): string[] => {
  const flags = {
    '--host': '127.0.0.1',
    '--port': '0',
    '-t': it.threads ?? 1,
    '-c': it.ctx ?? 2048,
    '-np': it.slots ?? 1,
    '-m': it.model,
    ...(it.alias !== undefined && { '-a': it.alias }),
  }
  return [
    ...(hasProgram('setpriv') ? ['setpriv', '--pdeathsig', 'SIGTERM'] : []),
    it.binary,
    ...Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]),
    '--no-webui',
    '--offline',
    '--slots',
    ...(it.embeddings ? ['--embeddings'] : []),
    ...(it.rerank ? ['--reranking'] : []),
  ]
}

const LAST_LINES = 8

const ready = async (
  stderr: NodeJS.ReadableStream,
  gone: Promise<void>,
  readyMs: number,
): Promise<string> => {
  const lines: string[] = []
  const found = Promise.withResolvers<string>()
  let rest = ''
  // Read for as long as it lives: a full pipe would stop it.
  stderr.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('utf8')).slice(-65_536).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) {
      lines.push(line)
      if (lines.length > LAST_LINES) lines.shift()
      const url = /listening on (http:\/\/127\.0\.0\.1:[0-9]+)/.exec(line)?.[1]
      if (url) found.resolve(url)
    }
  })
  const ended = gone.then(() => {
    throw new Error(`llama-server ended: ${lines.join(' | ').slice(-1000)}`)
  })
  const late = AbortSignal.timeout(readyMs)
  const url = await Promise.race([found.promise, ended, aborted(late)])
  for (;;) {
    const healthy = await getJson(`${url}/health`, { allowPrivate: true }).then(
      () => true,
      () => false,
    )
    if (healthy) break
    if (late.aborted) throw tooLate()
    await Promise.race([sleep(20), ended])
  }
  ended.catch(() => {})
  return url
}

const tooLate = () => new Error('llama-server was not ready in time')

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(tooLate())))

const within = (ms: number, work: Promise<void>): Promise<boolean> =>
  Promise.race([work.then(() => true), sleep(ms, false)])

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    // Already gone.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
