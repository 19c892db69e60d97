/** How a fake OpenAI server misbehaves. */
export type Misbehaviour =
  | 'dies' // the socket is cut in mid-stream
  | 'dies when told' // the same, when the test calls `tell`
  | 'waits' // goes on after the second word when the test calls `tell`
  | 'ends quietly' // a clean end without finish reason and without [DONE], as ollama's when its engine dies
  | 'no done' // a finish reason, and then a clean end without [DONE]
  | 'done without finish'
  | 'error line' // an error as a piece in mid-stream
  | 'error field' // the same as old llama-servers sent it
  | 'garbage'
  | 'wrong usage' // more tokens than can be
  | 'no usage'
  | 'huge line'
  | 'never answers'
  | 'stalls' // after the first piece
  | 'pings' // keep-alive comments and nothing else
  | 'split bytes' // every byte in a packet of its own, lines ended by CRLF
  | 'hidden reasoning'
  | 'shown reasoning'
  | 'tool calls'
  | 'cached'
  | { status: number; body: string }

export type FakeOpenai = Readonly<{
  url: string
  /** Bodies of all requests that were not the probe's own, with their paths. */
  requests: { path: string; body: Record<string, unknown> }[]
  /** Streams that are open now. */
  open(): number
  /** From now on; null for good behaviour. */
  misbehave(how: Misbehaviour | null): void
  /** The models that it lists from now on. */
  serve(models: readonly string[]): void
  /** Goes on with all streams that wait for it: to their end, or to the cut. */
  tell(): void
  stop(): Promise<void>
}>

/** Words that the fake says, one token each; the last has letters of two to four bytes. */
export const FAKE_WORDS = ['one ', 'two ', 'three ', 'größe €😀']
/** Prompt tokens that the fake reports. */
export const FAKE_PROMPT_TOKENS = 7

/** An OpenAI server on a port of its own: chat and completions, and by `kind` embeddings or rerank. */
export const fakeOpenai = (
  options: Readonly<{
    kind?: 'chat' | 'embed' | 'rerank'
    model?: string
    words?: readonly string[]
  }> = {},
): FakeOpenai => {
  const kind = options.kind ?? 'chat'
  const model = options.model ?? 'fake-model'
  const all = options.words ?? FAKE_WORDS
  const requests: FakeOpenai['requests'] = []
  let how: Misbehaviour | null = null
  let served: readonly string[] = [model]
  let open = 0
  let told = Promise.withResolvers<void>()

  const stream = (path: string, body: Record<string, unknown>, signal: AbortSignal): Response => {
    const words = typeof body.max_tokens === 'number' ? all.slice(0, body.max_tokens) : all
    const lines = linesOf(path, model, how, words, words.length < all.length)
    open++
    let closed = false
    const close = () => {
      if (!closed) open--
      closed = true
    }
    signal.addEventListener('abort', close)
    const source = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (const line of lines) {
          if (closed) return
          if (line === HANG) return
          if (line === WAIT) {
            await told.promise
            continue
          }
          if (line === CUT) {
            // What was said before is on its way first.
            await Bun.sleep(5)
            close()
            return controller.error()
          }
          for (const part of packets(line, how)) {
            controller.enqueue(part)
            if (how === 'split bytes') await Promise.resolve()
          }
          // A turn of the loop between pieces, so that they are several reads.
          await new Promise((resolve) => setImmediate(resolve))
        }
        close()
        controller.close()
      },
      cancel: close,
    })
    return new Response(source, { headers: { 'content-type': 'text/event-stream' } })
  }

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    // A stream that is cut on purpose is no error of the test run.
    error: () => new Response(null, { status: 500 }),
    async fetch(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/v1/models')
        return Response.json({ object: 'list', data: served.map((id) => ({ id })) })
      if (request.method !== 'POST') return new Response('not found', { status: 404 })
      const body = (await request.json()) as Record<string, unknown>
      const isProbe = body.max_tokens === 1 && !body.stream
      if (!isProbe) requests.push({ path: pathname, body })
      if (how && typeof how === 'object') return new Response(how.body, { status: how.status })
      if (how === 'never answers') return new Promise(() => {})
      if (SERVED[pathname] !== kind) return Response.json(UNSUPPORTED, { status: 501 })
      if (body.stream) return stream(pathname, body, request.signal)
      if (kind === 'chat') return Response.json({ choices: [{}], usage: { prompt_tokens: 5 } })
      return Response.json(kind === 'embed' ? vectors(body, model, how) : scores(body, model, how))
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    open: () => open,
    misbehave: (it) => {
      how = it
    },
    serve: (models) => {
      served = models
    },
    tell: () => {
      told.resolve()
      told = Promise.withResolvers()
    },
    stop: () => server.stop(true),
  }
}

const SERVED: Readonly<Record<string, string>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'chat',
  '/v1/embeddings': 'embed',
  '/v1/rerank': 'rerank',
}

const UNSUPPORTED = {
  error: { code: 501, message: 'This server does not support that.', type: 'not_supported_error' },
}

const HANG = '\u0000hang'
const CUT = '\u0000cut'
const WAIT = '\u0000wait'

const packets = (line: string, how: Misbehaviour | null): Uint8Array[] => {
  const bytes = new TextEncoder().encode(
    how === 'split bytes' ? line.replaceAll('\n', '\r\n') : line,
  )
  return how === 'split bytes' ? Array.from(bytes, (byte) => Uint8Array.of(byte)) : [bytes]
}

const linesOf = (
  path: string,
  model: string,
  how: Misbehaviour | null,
  words: readonly string[],
  cut: boolean,
): string[] => {
  const chat = path === '/v1/chat/completions'
  const event = (it: object) => `data: ${JSON.stringify({ model, ...it })}\n\n`
  const said = (delta: object, finish_reason: string | null = null) =>
    event({
      choices: [
        chat
          ? { index: 0, delta, finish_reason }
          : { index: 0, text: 'content' in delta ? delta.content : '', finish_reason },
      ],
    })
  const role = chat ? [said({ role: 'assistant', content: null })] : []
  const pieces = words.map((content) => said({ content }))
  const usage =
    how === 'no usage' ? [] : [event({ choices: [], usage: usageOf(how, words.length) })]
  const finish = said({}, how === 'tool calls' ? 'tool_calls' : cut ? 'length' : 'stop')
  const done = 'data: [DONE]\n\n'
  switch (how) {
    case 'dies':
      return [...role, ...pieces.slice(0, 2), CUT]
    case 'dies when told':
      return [...role, ...pieces.slice(0, 2), WAIT, CUT]
    case 'waits':
      return [...role, ...pieces.slice(0, 2), WAIT, ...pieces.slice(2), finish, ...usage, done]
    case 'ends quietly':
      return [...role, ...pieces.slice(0, 2)]
    case 'no done':
      return [...role, ...pieces, finish, ...usage]
    case 'done without finish':
      return [...role, ...pieces, ...usage, done]
    case 'error line':
      return [
        ...pieces.slice(0, 2),
        event({ error: { message: 'engine lost', type: 'server_error', code: 500 } }),
        done,
      ]
    case 'error field':
      return [
        ...pieces.slice(0, 2),
        'error: {"code":500,"message":"engine lost","type":"server_error"}\n\n',
        done,
      ]
    case 'garbage':
      return [...pieces.slice(0, 1), 'data: {"choices":[{"delta"\n\n', done]
    case 'huge line':
      return [...pieces.slice(0, 1), `data: ${'x'.repeat(5 * 1024 * 1024)}`, '\n\n', done]
    case 'stalls':
      return [...role, ...pieces.slice(0, 1), HANG]
    case 'pings':
      return [...Array.from({ length: 200 }, () => ': ping\n\n'), HANG]
    case 'shown reasoning':
      return [said({ reasoning_content: 'hm ' }), ...pieces, finish, ...usage, done]
    case 'tool calls':
      return [
        said({
          tool_calls: [
            {
              index: 0,
              id: 'call_1',
              type: 'function',
              function: { name: 'weather', arguments: '' },
            },
          ],
        }),
        said({ tool_calls: [{ index: 0, function: { arguments: '{"in":' } }] }),
        said({ tool_calls: [{ index: 0, function: { arguments: '"Rome"}' } }] }),
        finish,
        ...usage,
        done,
      ]
    default:
      return [': comment\n', ...role, ...pieces, finish, ...usage, done]
  }
}

const usageOf = (how: Misbehaviour | null, words: number) => {
  const hidden = how === 'hidden reasoning' || how === 'shown reasoning' ? 1 : 0
  return {
    prompt_tokens: how === 'wrong usage' ? 1_000_000 : FAKE_PROMPT_TOKENS,
    completion_tokens: words + hidden,
    ...(hidden > 0 && { completion_tokens_details: { reasoning_tokens: hidden } }),
    ...(how === 'cached' && { prompt_tokens_details: { cached_tokens: 3 } }),
  }
}

const vectors = (body: Record<string, unknown>, model: string, how: Misbehaviour | null) => {
  const texts = body.input as string[]
  const data = texts
    .map((text, index) => ({ index, embedding: [text.length, 1, 0.5] }))
    .toReversed()
  return {
    model,
    data: how === 'garbage' ? data.slice(1) : data,
    usage: { prompt_tokens: how === 'wrong usage' ? 1_000_000 : texts.length * 3 },
  }
}

const scores = (body: Record<string, unknown>, model: string, how: Misbehaviour | null) => {
  const documents = body.documents as string[]
  const results = documents.map((text, index) => ({ index, relevance_score: text.length }))
  return {
    model,
    results: how === 'garbage' ? results.map((it) => ({ ...it, index: 99 })) : results,
  }
}
