// `fedai trust`, as a user has it, and what `request --where` makes of it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { npub, parseNpub } from '../../src/engine/identity/keys.ts'
import type { PubKey } from '../../src/engine/protocol/ids.ts'
import { type Place, type Running, binary, place } from './cli.ts'

const npubOf = (n: number): string => npub(n.toString(16).padStart(64, '0') as PubKey)
const [A, B] = [npubOf(1), npubOf(2)]

let fedai: string
let here: Place
beforeAll(async () => {
  fedai = await binary()
  here = place(fedai)
}, 120_000)
afterAll(async () => {
  expect(await here.sprung()).toBe(false)
  here[Symbol.dispose]()
})

const json = async (at: Place, ...args: string[]) => {
  const { code, stdout, stderr } = await at.run(['trust', ...args, '--json'])
  return { code, said: JSON.parse(code === 0 ? stdout : stderr) }
}

describe('the trust set', () => {
  test('from nothing to one, told once more, changed, and back', async () => {
    using own = place(fedai)
    expect(await own.run(['trust', 'list'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('try: fedai trust add npub1'),
    })
    const added = await own.run(['trust', 'add', A, '--name', 'mira'])
    expect(added).toMatchObject({ code: 0, stdout: '' })
    expect(added.stderr).toMatch(/^mira \(npub1.*…...\) is trusted, in .*trust\.json\n$/)
    expect(statSync(join(own.home, 'trust.json')).mode & 0o777).toBe(0o600)
    const again = await own.run(['trust', 'add', A])
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('trusted already') })
    expect(await json(own, 'add', A, '--own')).toMatchObject({
      code: 0,
      said: { v: 1, type: 'trust', status: 'changed', npub: A, name: 'mira', own: true },
    })
    const hex = parseNpub(B)
    for (const text of [hex, hex.toUpperCase()])
      expect(await json(own, 'add', text)).toMatchObject({ code: 0, said: { npub: B } })
    const { stdout } = await own.run(['trust', 'list'])
    expect(stdout).toBe(`mira  ${A}  own\n–     ${B}\n`)
    expect((await json(own, 'list')).said).toMatchObject({
      type: 'trust_set',
      keys: [
        { npub: A, name: 'mira', own: true },
        { npub: B, name: null, own: false },
      ],
    })
    expect((await own.run(['trust', 'remove', 'mira'])).code).toBe(0)
    expect(await json(own, 'remove', B)).toMatchObject({ said: { status: 'removed', npub: B } })
    expect((await json(own, 'list')).said.keys).toEqual([])
  })

  test('many at once lose nothing', async () => {
    using own = place(fedai)
    const keys = Array.from({ length: 8 }, (_, i) => npubOf(i + 1))
    const ran = await Promise.all(keys.map((key) => own.run(['trust', 'add', key])))
    expect(ran.map((it) => it.code)).toEqual(keys.map(() => 0))
    const { said } = await json(own, 'list')
    expect(said.keys.map((it: { npub: string }) => it.npub).toSorted()).toEqual(keys.toSorted())
  })

  test('what is wrong is said, with what to do', async () => {
    using own = place(fedai)
    await own.run(['trust', 'add', A, '--name', 'mira'])
    const cases: [string[], number, RegExp][] = [
      [['add', 'npub1zzz'], 64, /not a public key[\s\S]*npub1…, 63 characters/],
      [['add', '0'.repeat(63)], 64, /not a public key/],
      [['add', `${A.slice(0, -1)}x`], 64, /checksum/],
      [['add', B, '--name', 'npub1me'], 64, /is no name/],
      [['add', B, '--name', 'mira'], 64, /mira is the name of npub1/],
      [['add'], 64, /missing required argument/],
      [['remove', B], 65, /not in the trust set[\s\S]*fedai trust list/],
      [['remove', 'mirra'], 65, /try: fedai trust remove mira/],
      [['lits'], 64, /try: fedai trust list/],
    ]
    for (const [args, code, text] of cases) {
      const ran = await own.run(['trust', ...args])
      expect({ args, code: ran.code, stdout: ran.stdout }).toEqual({ args, code, stdout: '' })
      expect(ran.stderr).toMatch(text)
    }
    own.file('.home/trust.json', '{"v":1')
    expect(await own.run(['trust', 'list'])).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/is no trust set[\s\S]*mend it/),
    })
  })

  test('a secret key in its place is refused and not repeated', async () => {
    const nsec = 'nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5'
    for (const verb of ['add', 'remove']) {
      const { code, stderr } = await here.run(['trust', verb, nsec])
      expect(code).toBe(64)
      expect(stderr).not.toContain(nsec.slice(5, 20))
    }
  })
})

test('daemons that say who runs them, for clients that want another operator', async () => {
  using own = place(fedai)
  const daemon = async (...args: string[]) => {
    const it = own.start(['serve', ...args])
    await it.until(/"ready"/, 'stderr')
    return it
  }
  const router = await daemon('router', '--listen', '127.0.0.1:0', '--operator', A)
  const asked = (...args: string[]) =>
    own.run(['request', '--task', 'text.detect', 'Guten Tag', '--where', ...args])
  for (const [operator, code] of [
    [A, 69],
    [B, 0],
  ] as const) {
    const node = await daemon('node', '--runner', 'none', '--operator', operator)
    await node.until(/router.joined/, 'stderr')
    expect({ operator, code: (await asked('other-operator')).code }).toEqual({ operator, code })
    // Its key is a stored identity of this user; whom it claims to be run by counts for nothing.
    expect((await asked('own,local')).code).toBe(0)
    expect((await asked(`allow:${operator}`)).code).toBe(69)
    expect((await asked(`deny:${operator}`)).code).toBe(69)
    node.signal('SIGTERM')
    await node.done
  }
  router.signal('SIGTERM')
  await router.done
}, 60_000)

describe('request --where', () => {
  let up: Running
  beforeAll(async () => {
    up = here.start(['up', '--port', '0'])
    await up.until(/^try:/m)
  }, 60_000)
  afterAll(async () => {
    up.signal('SIGINT')
    await up.done
  })
  const request = (...args: string[]) =>
    here.run(['request', '--task', 'text.detect', 'Wer rastet, der rostet.', ...args])

  test('the sets decide who serves, and give the names that are shown', async () => {
    expect(await request('--where', 'trusted')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('fedai trust add NPUB'),
    })
    // What `fedai up` runs here is the user's own without a word.
    const first = JSON.parse((await request('--json', '--where', 'own')).stdout)
    const node = npub(first.node)
    await here.run(['trust', 'add', A])
    expect(await request('--where', 'trusted')).toMatchObject({
      code: 69,
      stderr: expect.stringMatching(/no node that --where lets serve offers text.detect/),
    })
    await here.run(['trust', 'add', node, '--name', 'mira', '--own'])
    for (const where of ['trusted', 'own', `allow:${node}`, 'local', 'no-proprietary']) {
      const { code, stderr } = await request('--where', where)
      expect({ where, code }).toEqual({ where, code: 0 })
      expect(stderr).toContain('served by mira (npub1')
    }
    for (const where of [`deny:${node}`, 'other-operator', `own,deny:${node}`]) {
      const { code, stderr } = await request('--where', where)
      expect({ where, code }).toEqual({ where, code: 69 })
      expect(stderr).toContain('no node that --where lets serve')
    }
  })

  test('rules and preferences that make no sense: 64', async () => {
    expect(await request('--where', 'trustd')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('try --where trusted'),
    })
    expect(await request('--prefer', 'quick')).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/--prefer is "quick"[\s\S]*--prefer fast/),
    })
  })

  test('from the configuration as well, which the flag outranks', async () => {
    here.file('.home/fedai.toml', `[request]\nwhere = ["deny:${A}", "other-operator"]\n`)
    try {
      expect((await request()).code).toBe(69)
      expect((await request('--where', 'local', '--prefer', 'cheap')).code).toBe(0)
    } finally {
      here.file('.home/fedai.toml', '')
    }
  })
})
