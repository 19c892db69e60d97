import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseRunner } from './spec.ts'

const usual = { kind: 'llama-server', ctx: 4096, slots: 1, use: 'chat' } as const

describe('--runner', () => {
  test.each([
    ['none', { kind: 'none' }],
    ['openai=http://127.0.0.1:8080/v1', { kind: 'openai', url: 'http://127.0.0.1:8080/v1' }],
    ['ollama=http://[::1]:11434', { kind: 'ollama', url: 'http://[::1]:11434' }],
    ['llama-server=m.gguf', { ...usual, model: 'm.gguf' }],
    ['llama-server=a,b=c/m.gguf', 'runner.option'],
    ['llama-server=a, b/m,2.gguf,ctx=8192', { ...usual, model: 'a, b/m,2.gguf', ctx: 8192 }],
    [
      'llama-server=/m.gguf,slots=2,threads=3,gpu-layers=0,for=embed,program=/opt/x y',
      {
        ...usual,
        model: '/m.gguf',
        slots: 2,
        threads: 3,
        gpuLayers: 0,
        use: 'embed',
        program: '/opt/x y',
      },
    ],
    ['llama-server=m.gguf,ctx=0', 'runner.option'],
    ['llama-server=m.gguf,ctx=', 'runner.option'],
    ['llama-server=m.gguf,ctx=1e3', 'runner.option'],
    ['llama-server=m.gguf,slots=257', 'runner.option'],
    ['llama-server=m.gguf,ctx=64,ctx=64', 'runner.option'],
    ['llama-server=m.gguf,color=red', 'runner.option'],
    ['llama-server=m.gguf,for=poems', 'runner.option'],
    ['llama-server=m.gguf,program=', 'runner.option'],
    ['llama-server=,ctx=64', 'runner.option'],
    ['llama-server=', 'runner.kind'],
    ['llama-server', 'runner.kind'],
    ['vllm=http://127.0.0.1', 'runner.kind'],
    ['ollama=11434', 'runner.kind'],
    ['', 'runner.kind'],
  ])('%s', (text, meant) => {
    if (typeof meant === 'object') return expect<object>(parseRunner(text)).toEqual(meant)
    expect(() => parseRunner(text)).toThrow(
      expect.objectContaining({ kind: 'usage', code: meant, hint: expect.any(String) }),
    )
  })

  test('is a spec or a Fault of usage, whatever it is', () => {
    const any = fc.oneof(
      fc.string(),
      fc.string().map((it) => `llama-server=${it}`),
      fc
        .array(fc.constantFrom(',', '=', 'ctx', 'slots', '1', 'm', '\n', '/'))
        .map((it) => `llama-server=${it.join('')}`),
    )
    fc.assert(
      fc.property(any, (text) => {
        try {
          expect(['none', 'openai', 'ollama', 'llama-server']).toContain(parseRunner(text).kind)
        } catch (error) {
          expect(error).toMatchObject({ name: 'Fault', kind: 'usage' })
          // What was typed may not steer a terminal.
          // oxlint-disable-next-line no-control-regex
          expect((error as Error).message).not.toMatch(/[\u0000-\u001f]/)
        }
      }),
      { seed: 4, numRuns: 2_000, examples: [['llama-server=,,slots=\n']] },
    )
  })
})

test('a password in an address is refused, and not said again', () => {
  for (const kind of ['openai', 'ollama'])
    try {
      parseRunner(`${kind}=http://user:hunter2@127.0.0.1:8080`)
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'runner.secret' })
      expect(JSON.stringify(error) + String(error)).not.toContain('hunter2')
    }
})
