import type { z } from 'zod'

/** What `fedai schema` describes besides: the configuration. */
export const CONFIG_FILE = 'fedai.toml'

/**
 * The shape of what each command prints with `--json`, by the words that call it; `fedai` is that
 * alone, `version` is `--version`.
 * A command with `--json` that is not here fails a test.
 */
export const SHAPES: Readonly<Record<string, () => Promise<z.ZodType>>> = {
  fedai: async () => (await import('../overview-shape.ts')).setupShape,
  version: async () => (await import('../overview-shape.ts')).versionShape,
  up: async () => (await import('../up/shape.ts')).upShape,
  'serve router': async () => (await import('../serve/shape.ts')).routerShape,
  'serve node': async () => (await import('../serve/shape.ts')).nodeShape,
  request: async () => (await import('../request/shape.ts')).requestShape,
  pay: async () => (await import('../pay/shape.ts')).paymentShape,
  'pay connect': async () => (await import('../pay/shape.ts')).connectionShape,
  'pay status': async () => (await import('../pay/shape.ts')).statusShape,
  'pay tabs': async () => (await import('../pay/shape.ts')).tabsShape,
  'pay top-up': async () => (await import('../pay/shape.ts')).topUpShape,
  'pay history': async () => (await import('../pay/shape.ts')).historyShape,
  'pay resolve': async () => (await import('../pay/shape.ts')).resolutionShape,
  verify: async () => (await import('../verify/shape.ts')).verificationShape,
  init: async () => (await import('../identity-shape.ts')).identityShape,
  'trust add': async () => (await import('../trust/shape.ts')).trustChangeShape,
  'trust remove': async () => (await import('../trust/shape.ts')).trustChangeShape,
  'trust list': async () => (await import('../trust/shape.ts')).trustSetShape,
  'config show': async () => (await import('../config/result.ts')).configShape,
  'config explain': async () => (await import('../config/result.ts')).explainShape,
  'config path': async () => (await import('../config/result.ts')).pathsShape,
  schema: async () => (await import('./result.ts')).schemasShape,
}
