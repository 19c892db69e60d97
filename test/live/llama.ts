import { afterAll } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  ensureLlamaServer,
  ensureSmolLM2,
  type LlamaServer,
  startLlamaServer,
  tinyGguf,
  type TinyKind,
  type TinyOptions,
} from '../../scripts/live-runners.ts'

const undone: string[] = []

/**
 * Says loudly that something could not be tried, now and again at the end of the file: a run that
 * silently tries nothing looks like one that passed.
 */
export const loudly = (what: string, why: string): void => {
  undone.push(`${what}: ${why}`)
  banner([`NOT TRIED: ${what}`, why])
}

afterAll(() => {
  if (undone.length > 0) banner([`${undone.length} NOT TRIED in all`, ...undone])
  undone.length = 0
})

const banner = (lines: readonly string[]): void => {
  const rule = '!'.repeat(78)
  process.stderr.write(`\n${rule}\n${lines.map((it) => `!! ${it}`).join('\n')}\n${rule}\n\n`)
}

/** The program, or undefined after saying loudly what is missing. `FEDAI_LIVE=required` makes that a failure. */
export const llamaBinary = async (): Promise<string | undefined> =>
  had('llama-server', await ensureLlamaServer())

/** SmolLM2-135M, or undefined after saying loudly what is missing. */
export const smolLM2 = async (): Promise<string | undefined> =>
  had('SmolLM2', await ensureSmolLM2())

const had = (what: string, it: string | { missing: string }): string | undefined => {
  if (typeof it === 'string') return it
  if (process.env.FEDAI_LIVE === 'required') throw new Error(`${what}: ${it.missing}`)
  loudly(`everything that needs ${what}`, it.missing)
  return undefined
}

/** Tiny models and the servers that run them, all of which `stop` ends. */
export type Live = Readonly<{
  start(
    kind: TinyKind,
    options?: Readonly<{ slots?: number; ctx?: number; tiny?: Partial<TinyOptions> }>,
  ): Promise<LlamaServer>
  startModel(
    model: string,
    options?: Readonly<{ slots?: number; ctx?: number }>,
  ): Promise<LlamaServer>
  stop(): Promise<void>
}>

export const live = async (binary: string): Promise<Live> => {
  const folder = await mkdtemp(join(tmpdir(), 'fedai-live-'))
  const servers: LlamaServer[] = []
  const keep = async (server: Promise<LlamaServer>) => {
    servers.push(await server)
    return server
  }
  return {
    async start(kind, { tiny, ...options } = {}) {
      const model = join(folder, `${kind}-${servers.length}.gguf`)
      await Bun.write(model, tinyGguf(kind, tiny))
      return keep(
        startLlamaServer({
          binary,
          model,
          alias: `tiny-${kind}`,
          embeddings: kind === 'embed',
          rerank: kind === 'rerank',
          ...options,
        }),
      )
    },
    startModel: (model, options = {}) => keep(startLlamaServer({ binary, model, ...options })),
    async stop() {
      await Promise.all(servers.map((it) => it.stop()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** How many of a server's slots are at work. */
export const busySlots = async (server: LlamaServer): Promise<number> => {
  const slots = (await (await fetch(`${server.url}/slots`)).json()) as { is_processing: boolean }[]
  return slots.filter((it) => it.is_processing).length
}

/** Milliseconds until `check` holds; throws after `mostMs`. */
export const msUntil = async (check: () => Promise<boolean>, mostMs: number): Promise<number> => {
  const before = performance.now()
  while (!(await check())) {
    if (performance.now() - before > mostMs) throw new Error(`not within ${mostMs} ms`)
    await Bun.sleep(5)
  }
  return performance.now() - before
}
