/** How a fake ollama misbehaves. */
export type OllamaMisbehaviour =
  'dies quietly' | 'error line' | 'too long' | 'wrong usage' | 'garbage'

export type FakeOllama = Readonly<{
  url: string
  /** Every path that was asked for. */
  paths: string[]
  /** Bodies of POST /api/chat, the probe's first one included. */
  chats: Record<string, unknown>[]
  misbehave(how: OllamaMisbehaviour | null): void
  stop(): Promise<void>
}>

/** An ollama on a port of its own, with a model that chats and one that only embeds. */
export const fakeOllama = (): FakeOllama => {
  const chats: Record<string, unknown>[] = []
  const paths: string[] = []
  let how: OllamaMisbehaviour | null = null
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url)
      paths.push(pathname)
      const fixed = PAGES[pathname]
      if (fixed) return Response.json(fixed)
      const body = (await request.json()) as Record<string, unknown>
      if (pathname === '/api/show') return Response.json(SHOWN[String(body.model)])
      chats.push(body)
      if (how === 'too long') return Response.json({ error: TOO_LONG }, { status: 400 })
      return new Response(linesOf(how).join(''), {
        headers: { 'content-type': 'application/x-ndjson' },
      })
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    paths,
    chats,
    misbehave: (it) => {
      how = it
    },
    stop: () => server.stop(true),
  }
}

const details = { family: 'llama', quantization_level: 'Q4_1' }
const PAGES: Readonly<Record<string, object>> = {
  '/api/version': { version: '0.32.15' },
  '/api/tags': {
    models: [
      { name: 'chatty:latest', size: 400_000_000, digest: 'abc', details },
      { name: 'vectors:latest', size: 1, digest: 'def', details },
    ],
  },
  '/api/ps': { models: [{ name: 'chatty:latest' }] },
}
const SHOWN: Readonly<Record<string, object>> = {
  'chatty:latest': { capabilities: ['completion'], model_info: { 'llama.context_length': 2048 } },
  'vectors:latest': { capabilities: ['embedding'], model_info: {} },
}
const TOO_LONG = JSON.stringify({
  error: { code: 400, type: 'exceed_context_size_error', n_prompt_tokens: 15_052, n_ctx: 512 },
})

const linesOf = (how: OllamaMisbehaviour | null): string[] => {
  const said = (content: string) => line({ message: { role: 'assistant', content }, done: false })
  const end = {
    done_reason: 'stop',
    prompt_eval_count: how === 'wrong usage' ? 1e9 : 9,
    eval_count: 3,
  }
  if (how === 'dies quietly') return [said('one ')]
  if (how === 'garbage') return [said('one '), '{"message":\n']
  if (how === 'error line') return [said('one '), line({ error: 'unexpected EOF' })]
  return [said('one '), said('two €'), line({ message: { content: '' }, done: true, ...end })]
}

const line = (it: object): string => `${JSON.stringify({ model: 'chatty:latest', ...it })}\n`
