// A connection string in the wrong place: no output has anything of it that opens the wallet.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Place, binary, place } from './cli.ts'

const KEY = 'b889ff5b1513b641e2a139f661a661364979c5beee91842f8f0ef42ab558e9d4'
const SECRET = '71a8c14c1407c113601079c4302dab36460f0ccd0ad506f1f2dc73b5100e4f3c'
const STRINGS = [
  `nostr+walletconnect://${KEY}?relay=wss://relay.example.com&secret=${SECRET}`,
  `lndconnect://10.0.0.1:8080?macaroon=${SECRET}`,
  `clnrest+https://10.0.0.1:3010?rune=${SECRET}`,
  `phoenixd+http://:${SECRET}@127.0.0.1:9740`,
  `lnbits+https://lnbits.example.com?key=${SECRET.slice(0, 32)}`,
]
/** Enough of either to be worth hiding. */
const CANARIES = [KEY.slice(0, 12), SECRET.slice(0, 12)]

let here: Place
beforeAll(async () => {
  here = place(await binary())
}, 120_000)
afterAll(() => here[Symbol.dispose]())

const LINES: readonly ((s: string) => string[])[] = [
  (s) => [s],
  (s) => ['pay', s],
  (s) => ['pay', `--${s}`],
  (s) => ['pay', '--max-fee', s, 'x'],
  (s) => ['pay', '--wait', s, 'x'],
  (s) => ['pay', '--budget', s, 'x'],
  (s) => ['pay', 'connect', '--file', s],
  (s) => ['pay', 'connect', s],
  (s) => ['pay', 'status', s],
  (s) => ['pay', 'resolve', s],
  (s) => ['pay', 'history', `-${s}`],
  (s) => ['pay', 'history', '--limit', s],
  (s) => ['serve', s],
  (s) => ['serve', 'node', s],
  (s) => ['serve', 'node', '--wallet', s],
  (s) => ['serve', 'node', '--wallet-file', s],
  (s) => ['serve', 'router', `--${s}`],
  (s) => ['serve', 'router', '--fee', '10sat', '--wallet-file', s],
  (s) => ['request', '--task', s, 'hello'],
  (s) => ['request', '--file', s],
  (s) => ['request', '--router', s, 'hello'],
  (s) => ['init', s],
  (s) => ['init', '--as', s],
  (s) => ['verify', s],
  (s) => ['trust', s],
  (s) => ['trust', 'node', s],
  (s) => ['schema', s],
  (s) => ['completions', s],
  (s) => ['config', 'explain', s],
]

test('a connection string on any command line is not repeated, and called seen', async () => {
  for (const line of LINES)
    for (const text of STRINGS)
      for (const json of [[], ['--json']]) {
        const ran = await here.run([...line(text), ...json])
        const at = [...line('S'), ...json].join(' ')
        expect({ at, code: ran.code }).not.toEqual({ at, code: 0 })
        for (const canary of CANARIES)
          expect({ at, has: (ran.stdout + ran.stderr).includes(canary) }).toEqual({
            at,
            has: false,
          })
        expect({ at, said: ran.stderr }).toEqual({
          at,
          said: expect.stringContaining('make a new one in the wallet'),
        })
      }
}, 120_000)

test('nor one in a variable', async () => {
  for (const text of STRINGS)
    for (const [name, ...args] of [
      ['FEDAI_ROUTER_WALLET_FILE', 'config', 'show'],
      ['FEDAI_ROUTER_WALLET_FILE', 'config', 'explain', 'router.wallet_file'],
      ['FEDAI_NODE_WALLET_FILE', 'config', 'show', '--json'],
      ['FEDAI_NET', 'pay', 'status'],
      ['FEDAI_HOME', 'pay', 'status'],
      ['FEDAI_HOME', 'config', 'path'],
    ] as const) {
      const { stdout, stderr } = await here.run(args, { env: { [name]: text } })
      const at = [name, ...args].join(' ')
      expect({ at, said: stdout + stderr }).toEqual({
        at,
        said: expect.stringMatching(/connection string\]|not shown/),
      })
      for (const canary of CANARIES)
        expect({ at, has: (stdout + stderr).includes(canary) }).toEqual({ at, has: false })
    }
}, 60_000)
