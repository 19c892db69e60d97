import { describe, expect, test } from 'bun:test'
import type { Exit } from './child.ts'
import { Symptoms } from './classify.ts'

const diagnose = (lines: readonly string[], exit: Partial<Exit> = {}) => {
  const symptoms = new Symptoms('big.gguf')
  for (const line of lines) symptoms.add(line)
  return symptoms.diagnose({ code: 1, signal: null, ...exit }, '/opt/llama-server')
}

describe('why a llama-server ended', () => {
  // As llama-server 0.7.0, ld.so and CUDA builds print them.
  test.each([
    ['bad_flag', true, ['error: invalid argument: --frob']],
    ['bad_flag', true, ['error while handling argument "-c": stoi']],
    [
      'library',
      true,
      ['llama-server: error while loading shared libraries: libcudart.so.12: cannot open'],
    ],
    [
      'bad_model',
      true,
      [
        '0.00.009 E llama_model_load: error loading model: llama_model_loader: failed to load model',
        '0.00.009 E srv  llama_server: exiting due to model loading error',
      ],
    ],
    [
      'unknown_model',
      true,
      ["E llama_model_load: error loading model: unknown model architecture: 'xlm9'"],
    ],
    [
      'oom',
      false,
      [
        'E ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9 MiB on device 0: cudaMalloc failed: out of memory',
        'E llama_model_load: error loading model: unable to allocate CUDA0 buffer',
        'E srv  load_model: failed to load model',
      ],
    ],
    ['oom', false, ["terminate called after throwing an instance of 'std::bad_alloc'"]],
    ['bind', false, ["E srv start: couldn't bind HTTP server socket, hostname: /x.sock, port: 1"]],
    ['crashed', false, ['I srv  llama_server: initializing ...']],
  ])('%s', (code, hopeless, lines) => {
    expect(diagnose(lines)).toMatchObject({ code, hopeless, hint: expect.any(String) })
    // The order in which pipes are read is nobody's.
    expect(diagnose(lines.toReversed())).toMatchObject({ code, hopeless })
  })

  test.each([
    ['killed', false, { code: null, signal: 'SIGKILL' }],
    ['wrong_cpu', true, { code: null, signal: 'SIGILL' }],
    ['crashed', false, { code: null, signal: 'SIGSEGV' }],
    ['no_program', true, { code: 127 }],
    ['not_executable', true, { code: 126 }],
    ['not_executable', true, { code: null, failed: 'ENOEXEC' }],
    ['no_program', true, { code: null, failed: 'ENOENT' }],
  ])('%s by %p %p', (code, hopeless, exit) => {
    expect(diagnose([], exit)).toMatchObject({ code, hopeless })
  })

  test('keeps a word of a line, never what may stand around it', () => {
    const told = diagnose([
      "error loading model: unknown model architecture: 'xlm9' CANARY",
      'error: invalid argument: --frob CANARY',
      `out of memory CANARY`,
    ])
    expect(JSON.stringify(told)).toContain('--frob')
    expect(JSON.stringify(told)).not.toContain('CANARY')
    const long = `error: invalid argument: --${'a'.repeat(500)}`
    expect(diagnose([long]).message.length).toBeLessThan(120)
  })
})
