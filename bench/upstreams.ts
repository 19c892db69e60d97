// What benchmarks put behind a node: runners that stream at a speed of their own, or as fast as they are
// let, and a proxy before one.
import type { Runner } from '../src/engine/runners/runner.ts'
import { scriptedChat } from '../test/fakes/scripted-runner.ts'

/** A runner in the node's own process that makes `pieces` of so many bytes as fast as they are taken. */
export const flood = (given: { pieces: number; bytes: number }, slots: number): Runner => {
  const delta = { text: 'x'.repeat(given.bytes) }
  const limits = { inputBytes: 1_000_000, outTokens: 10_000_000 }
  return {
    info: { name: 'flood', version: '1' },
    slots,
    capabilities: async () => [{ ...scriptedChat(), limits }],
    async run(work, sink) {
      sink.started()
      let usage = { in_token: 7, out_token: 0 }
      for (let n = 1; n <= given.pieces; n++) {
        usage = { in_token: 7, out_token: n }
        await sink.piece({ delta, usage })
        // Credits must be read, too.
        if (n % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      return { finish: 'stop', usage, countedBy: 'runner', model: work.model }
    },
  }
}

/** An OpenAI server whose streams say a word each `paceMs`; the first at once. */
export const pacedOpenai = (options: { tokens: number; paceMs: number }): { url: string } => {
  const encode = (it: object): string => `data: ${JSON.stringify(it)}\n\n`
  const line = (delta: object, finish_reason: string | null = null): string =>
    encode({ model: 'bench-model', choices: [{ index: 0, delta, finish_reason }] })
  const stream = (): ReadableStream<string> => {
    let said = 0
    let timer: Timer
    return new ReadableStream({
      start(controller) {
        timer = setInterval(say, options.paceMs)
        say()
        function say(): void {
          if (said++ < options.tokens)
            return void controller.enqueue(line({ content: `word${said} ` }))
          clearInterval(timer)
          const usage = { prompt_tokens: 7, completion_tokens: options.tokens }
          controller.enqueue(line({}, 'stop') + encode({ choices: [], usage }) + 'data: [DONE]\n\n')
          controller.close()
        }
      },
      cancel: () => clearInterval(timer),
    })
  }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      if (new URL(request.url).pathname === '/v1/models')
        return Response.json({ object: 'list', data: [{ id: 'bench-model' }] })
      if (request.method !== 'POST') return new Response('not found', { status: 404 })
      const body = (await request.json()) as { stream?: boolean }
      if (!body.stream) return Response.json({ choices: [{}], usage: { prompt_tokens: 5 } })
      return new Response(stream(), { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  return { url: `http://127.0.0.1:${server.port}` }
}

/** Passes every request on to `upstream` and its answer back, unread. */
export const thinProxy = (upstream: string): { url: string } => {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url)
      const { method, body, headers } = request
      const answer = await fetch(upstream + pathname, { method, body, headers })
      return new Response(answer.body, { status: answer.status, headers: answer.headers })
    },
  })
  return { url: `http://127.0.0.1:${server.port}` }
}
