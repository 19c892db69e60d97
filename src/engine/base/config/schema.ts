import { z } from 'zod'
import { LIMIT_SETTINGS } from './limits.ts'
import { MONEY_SETTINGS } from './money.ts'
import { type Setting, optional, setting } from './setting.ts'
import { amount, choice, file, identity, list, listen, span, text, whole } from './values.ts'

const HOUR = 3_600_000

const pinned = () =>
  text('npub1…@wss://HOST, as the router prints it', /^npub1[^@\s,]+@wss?:\/\/[^\s,]+$/, {
    key: 'pinned',
  })
const operator = () => text('a public key, npub1…', /^npub1[^@\s,]+$/, { key: 'npub' })
const named = () => text('1 to 64 printable characters', /^[^\p{C}]{1,64}$/u)

/**
 * Everything that can be set, by its key in fedai.toml. This table is the configuration: types, checks,
 * defaults, documentation, variables and man page are made of it.
 */
export const SETTINGS = {
  routers: setting(list(pinned(), 32), [], {
    doc: 'Routers to use, the first that answers first; none: the router that runs on this machine.',
    example: ['npub1…@wss://router.example.com'],
    flag: '--router',
    reload: false,
  }),

  'router.listen': setting(listen(), '127.0.0.1:7447', {
    doc: 'Where the door of the router is; port 0 is any free one.',
    example: '0.0.0.0:7447',
    flag: '--listen',
    reload: false,
  }),
  'router.name': setting(named(), 'fedai router', {
    doc: 'What the router calls itself to people who ask its door.',
    example: 'Router of the reading room',
    flag: '--name',
    reload: false,
  }),
  'router.identity': setting(identity(), 'router', {
    doc: 'The stored identity that the router signs with; it is made on the first start.',
    example: 'router',
    flag: '--as',
    reload: false,
  }),
  'router.public': setting(
    list(text('an address such as wss://router.example.com', /^wss?:\/\/[^\s,@#]+$/), 16),
    [],
    {
      doc: 'Addresses under which others reach the door.',
      example: ['wss://router.example.com'],
      flag: '--public',
      reload: false,
    },
  ),
  'router.tls_cert': optional(file(), {
    doc: 'Certificate chain of the door (PEM).',
    example: '/etc/fedai/fullchain.pem',
    flag: '--tls-cert',
    reload: true,
  }),
  'router.tls_key': optional(file(), {
    doc: 'File with the secret key of that certificate (PEM).',
    example: '/etc/fedai/privkey.pem',
    flag: '--tls-key',
    reload: true,
  }),
  'router.trusted_proxy': setting(
    list(text('an address or a range such as 10.0.0.0/8', /^[0-9a-fA-F:.]{2,45}(\/\d{1,3})?$/), 32),
    [],
    {
      doc: 'Proxies that are believed when they say whose connection they pass on.',
      example: ['127.0.0.1', '10.0.0.0/8'],
      flag: '--trusted-proxy',
      reload: false,
    },
  ),
  'router.operator': optional(operator(), {
    doc: 'Who runs this router, for clients that want a node of another operator.',
    example: 'npub1…',
    flag: '--operator',
    reload: false,
  }),
  'router.drain': setting(span(1, HOUR), '30s', {
    doc: 'How long open jobs may take to end after TERM.',
    example: '30s',
    flag: '--drain',
    reload: true,
  }),

  'node.name': setting(named(), 'fedai node', {
    doc: 'What the node calls itself.',
    example: 'Old gaming PC',
    flag: '--name',
    reload: false,
  }),
  'node.identity': setting(identity(), 'node', {
    doc: 'The stored identity that the node signs with; it is made on the first start.',
    example: 'node',
    flag: '--as',
    reload: false,
  }),
  'node.runners': setting(
    list(
      text(
        'KIND=FILE, KIND=URL or none',
        /^(none|[a-z][a-z0-9-]{0,31}=(?!https?:\/\/[^/]*@)[^\p{Cc}]+)$/u,
      ),
      64,
      ';',
    ),
    [],
    {
      doc: 'What does the work; without any, what answers on a usual port is used, and none looks for none.',
      example: ['llama-server=/models/qwen3-8b.gguf', 'openai=http://127.0.0.1:8080'],
      flag: '--runner',
      reload: false,
    },
  ),
  'node.queue': setting(whole(0, 1_000), 2, {
    doc: 'Jobs that may wait for each slot of a runner.',
    example: 4,
    flag: '--queue',
    reload: false,
  }),
  'node.drain': setting(span(1, HOUR), '30s', {
    doc: 'How long open jobs may take to end after TERM.',
    example: '5m',
    flag: '--drain',
    reload: true,
  }),
  'node.operator': optional(operator(), {
    doc: 'Who runs this node, for clients that want a node of another operator than the router’s.',
    example: 'npub1…',
    flag: '--operator',
    reload: false,
  }),

  'request.identity': optional(identity(), {
    doc: 'The stored identity to ask with; without one each job is asked with a new key.',
    example: 'me',
    flag: '--as',
    reload: false,
  }),
  'request.where': setting(
    list(
      text('a rule such as trusted or deny:npub1…', /^[a-z][a-z-]{0,31}(:[a-z0-9._-]{1,100})?$/, {
        choices: ['own', 'trusted', 'local', 'other-operator', 'no-proprietary'],
      }),
      200,
    ),
    [],
    {
      doc: 'Which nodes may do the work: own, trusted, allow:npub1…, deny:npub1…, local, other-operator, no-proprietary.',
      example: ['trusted'],
      flag: '--where',
      reload: false,
    },
  ),
  'request.prefer': setting(choice('cheap', 'balanced', 'fast'), 'balanced', {
    doc: 'What counts more where the cheapest offer is not the fastest.',
    example: 'fast',
    flag: '--prefer',
    reload: false,
  }),
  'request.max_price': optional(amount(), {
    doc: 'Never pay more for one job.',
    example: '10sat',
    flag: '--max-price',
    reload: false,
  }),
  'request.deadline': setting(span(1, 24 * HOUR), '5m', {
    doc: 'When to give a job up.',
    example: '30s',
    flag: '--deadline',
    reload: false,
  }),
  'request.wait': setting(span(0, 24 * HOUR), '10s', {
    doc: 'How long to wait, and ask again, while every node that could do it is busy; 0s: not at all.',
    example: '0s',
    flag: '--wait',
    reload: false,
  }),

  'log.format': setting(choice('auto', 'json', 'short'), 'auto', {
    doc: 'How daemons write their log; auto is short on a terminal and JSON elsewhere.',
    example: 'json',
    reload: false,
  }),

  ...MONEY_SETTINGS,
  ...LIMIT_SETTINGS,
} as const

export type Key = keyof typeof SETTINGS
/** What a setting is once it is read. */
export type ValueOf<K extends Key> = (typeof SETTINGS)[K] extends Setting<infer T> ? T : never

/** All keys, in the order of the table. */
export const KEYS = Object.keys(SETTINGS) as readonly Key[]

export const isKey = (name: string): name is Key => Object.hasOwn(SETTINGS, name)

/** A setting without its type, for what treats all alike. */
export const settingOf = (key: Key): Setting<unknown> => SETTINGS[key]

/** The variable that says the same as a key: `router.listen` is `FEDAI_ROUTER_LISTEN`. */
export const variableOf = (key: Key): string => `FEDAI_${key.toUpperCase().replaceAll('.', '_')}`

/** The schema of a whole fedai.toml, section by section. What is written in it may be left out. */
export const fileSchema = (): z.ZodObject => {
  const sections = new Map<string, Record<string, z.ZodType>>()
  const top: Record<string, z.ZodType> = {}
  for (const key of KEYS) {
    const [section, name] = key.split('.') as [string, string | undefined]
    const into = name === undefined ? top : (sections.get(section) ?? {})
    into[name ?? section] = described(key)
    if (name !== undefined) sections.set(section, into)
  }
  for (const [section, shape] of sections) top[section] = z.strictObject(shape).optional()
  return z.strictObject(top)
}

const described = (key: Key): z.ZodType => {
  const { value, usual, doc } = settingOf(key)
  const about: Record<string, unknown> = {
    description: doc,
    ...(usual !== undefined && { default: usual }),
  }
  return value.schema.optional().meta(about)
}
