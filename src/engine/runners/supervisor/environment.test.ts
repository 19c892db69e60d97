import { expect, test } from 'bun:test'
import { environment } from './environment.ts'

test('a runner gets what programs and devices need, and nothing that may be a secret', () => {
  const wanted = {
    PATH: '/bin',
    HOME: '/home/a',
    LC_ALL: 'C',
    LD_LIBRARY_PATH: '/lib',
    CUDA_VISIBLE_DEVICES: '0',
    HIP_VISIBLE_DEVICES: '1',
    GGML_BACKEND_PATH: '/x.so',
    OMP_NUM_THREADS: '2',
  }
  const others = {
    FEDAI_HOME: '/x',
    FEDAI_ROUTERS: 'x',
    LLAMA_ARG_HOST: '0.0.0.0',
    LLAMA_API_KEY: 'x',
    HF_TOKEN: 'x',
    OPENAI_API_KEY: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    XPATH: 'x',
    PATHS: 'x',
    LD_PRELOAD: '/evil.so',
    HTTPS_PROXY: 'x',
    NOTIFY_SOCKET: 'x',
    MISSING: undefined,
  }
  expect(environment({ ...wanted, ...others })).toEqual(wanted)
})
