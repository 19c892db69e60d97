import { describe, expect, test } from 'bun:test'
import { troubleIn, troubleOf } from './trouble.ts'

// Bodies as the servers were seen to send them.
const SEEN: readonly (readonly [string, number, string, string, string])[] = [
  [
    'llama-server, too long',
    400,
    '{"error":{"code":400,"message":"request (18019 tokens) exceeds the available context size (4096 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":18019,"n_ctx":4096}}',
    'too_long',
    'the input has 18019 tokens, the runner reads at most 4096',
  ],
  [
    'llama-server, embedding too long',
    500,
    '{"error":{"code":500,"message":"input (2002 tokens) is too large to process. increase the physical batch size (current batch size: 512)","type":"server_error"}}',
    'too_long',
    'the input has 2002 tokens, the runner reads at most 512',
  ],
  [
    'OpenAI and vLLM, too long',
    400,
    '{"object":"error","message":"This model\'s maximum context length is 8192 tokens. However, you requested 9000 tokens (8000 in the messages, 1000 in the completion).","type":"BadRequestError","param":null,"code":400}',
    'too_long',
    'the input has 9000 tokens, the runner reads at most 8192',
  ],
  [
    'ollama, too long: JSON in a string',
    400,
    '{"error":"{\\"error\\":{\\"code\\":400,\\"message\\":\\"request (15052 tokens) exceeds the available context size (512 tokens)\\",\\"type\\":\\"exceed_context_size_error\\",\\"n_prompt_tokens\\":15052,\\"n_ctx\\":512}}"}',
    'too_long',
    'the input has 15052 tokens, the runner reads at most 512',
  ],
  [
    'ollama, old',
    400,
    '{"error":"the input length exceeds the context length"}',
    'too_long',
    'the input is longer than the runner reads',
  ],
  [
    'ollama, no model',
    404,
    '{"error":"model \'nope\' not found"}',
    'no_model',
    "model 'nope' not found",
  ],
  [
    'ollama, full',
    503,
    '{"error":"server busy, please try again.  maximum pending requests exceeded"}',
    'busy',
    'server busy, please try again. maximum pending requests exceeded',
  ],
  [
    'llama-server, loading',
    503,
    '{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}',
    'loading',
    'Loading model',
  ],
  [
    'llama-server, key',
    401,
    '{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}',
    'auth',
    'Invalid API Key',
  ],
  [
    'llama-server, no such path',
    404,
    '{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}',
    'unsupported',
    'File Not Found',
  ],
  [
    'llama-server, embeddings off',
    501,
    '{"error":{"code":501,"message":"This server does not support embeddings. Start it with `--embeddings`","type":"not_supported_error"}}',
    'unsupported',
    'This server does not support embeddings. Start it with `--embeddings`',
  ],
  [
    'llama-server, chat on embeddings',
    500,
    '{"error":{"code":500,"message":"the current context does not support logits computation. skipping","type":"server_error"}}',
    'unsupported',
    'the current context does not support logits computation. skipping',
  ],
  [
    'FastAPI',
    422,
    '{"detail":[{"loc":["body","messages"],"msg":"field required","input":"SECRET PROMPT"}]}',
    'bad_request',
    'field required',
  ],
  [
    'out of memory',
    500,
    '{"error":"llama runner process has terminated: cudaMalloc failed: out of memory"}',
    'oom',
    'llama runner process has terminated: cudaMalloc failed: out of memory',
  ],
  [
    'rate limit',
    429,
    '{"error":{"message":"Rate limit reached","type":"requests"}}',
    'busy',
    'Rate limit reached',
  ],
  ['proxy, no JSON', 502, '<html>Bad Gateway</html>', 'crashed', '<html>Bad Gateway</html>'],
  ['empty', 500, '', 'crashed', 'the runner answered 500'],
]

describe('trouble', () => {
  test.each(SEEN)('%s', (_, status, body, trouble, detail) => {
    expect(troubleOf(status, body)).toMatchObject({ name: 'RunnerFault', trouble, message: detail })
  })

  test('never repeats what a server quotes of the prompt', () => {
    const prompt = 'my password is hunter2 and I live in '.repeat(20)
    for (const body of [
      `{"error":{"message":${JSON.stringify(`cannot parse "${prompt}"`)}}}`,
      `{"error":${JSON.stringify(`cannot parse '${prompt}`)}}`,
    ])
      expect(troubleOf(400, body).message).toBe('cannot parse …')
  })

  test('is found in a piece of a stream, and only where there is one', () => {
    expect(troubleIn({ error: 'unexpected EOF' })?.trouble).toBe('crashed')
    expect(troubleIn({ object: 'error', message: 'gone', code: 500 })?.message).toBe('gone')
    expect(troubleIn({ choices: [], error: null })).toBeUndefined()
    expect(troubleIn({ choices: [] })).toBeUndefined()
    expect(troubleIn(7)).toBeUndefined()
  })
})
