// kill -9 of `fedai request --timing hold` when the node has all that it needs to take the money and its wallet answers
// 500: real processes, real disks, an lnd that is a fake on either side.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { resolutionShape, statusShape } from '../../src/commands/pay/shape.ts'
import { systemClock } from '../../src/engine/base/clock.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { type FakeLnd, fakeLnd } from '../fakes/lnd.ts'
import { flat } from '../fakes/lnd-routes.ts'
import { type Place, type Running, binary, place } from './cli.ts'
import { jsonOf } from './pay.ts'

const SETTLE = 'POST /v2/invoices/settle'
const TEXT =
  'The heron stands in the reeds. It waits for fish all day. At dusk the heron flies home.'

const seams = { clock: systemClock, random: systemRandom, secp: await openSecp256k1() }
const places: Place[] = []
const daemons: Running[] = []
let [seller, buyer]: FakeLnd[] = []
let [node, client]: Place[] = []
let pinned = ''
let fedai = ''
let isDown = false

const env = { FEDAI_NET: 'regtest' }
const wallet = (at: Place, { connection }: FakeLnd): string => {
  const { url, macaroon, certificate } = connection
  const cert = certificate!.replace(/-----[A-Z ]+-----|\s/g, '')
  const query = { cert: urlSafe(Buffer.from(cert, 'base64')), macaroon: urlSafe(fromHex(macaroon)) }
  const file = at.file('wallet', `lndconnect://${new URL(url).host}?${new URLSearchParams(query)}`)
  chmodSync(file, 0o600)
  return file
}
const urlSafe = (bytes: Buffer): string => bytes.toString('base64url')
const fromHex = (text: string): Buffer => Buffer.from(text, 'hex')
const run = (...args: string[]) => client!.run(args, { env })
const resolved = async () => {
  const { code, said } = await jsonOf(run('pay', 'resolve', '--json'))
  return { code, said: said.type === 'resolution' ? resolutionShape.parse(said) : said }
}
/** The same with a stdout that the shell gives it; what stands there of the result, if anything. */
const into = async (end: string, ...args: string[]) => {
  const child = Bun.spawn(
    ['bash', '-c', `"$0" "$@" ${end}; exit "\${PIPESTATUS[0]}"`, fedai, ...args],
    {
      cwd: client!.folder,
      env: { PATH: process.env['PATH'], FEDAI_HOME: client!.home, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const said = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  return { code: await child.exited, stdout: said[0], stderr: said[1] }
}
const KEPT = 'the result is kept, since stdout did not take it: fedai pay resolve'
/** Where stdout takes nothing, and what that ends with. Only Linux has /dev/full. */
const TAKES_NOTHING: readonly (readonly [string, number])[] = [
  ...(existsSync('/dev/full') ? [['>/dev/full', 74] as const] : []),
  ['>&-', 74],
  ['| true', 0],
]
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await Bun.sleep(20)
}

beforeAll(async () => {
  fedai = await binary()
  ;[node, client] = [place(fedai), place(fedai)]
  places.push(node, client)
  ;[seller, buyer] = [fakeLnd(seams), fakeLnd(seams)]
  buyer.node.peers.push(seller.node)
  seller.instead((wanted) => (isDown && wanted === SETTLE ? flat(500, 2, 'not today') : null))
  const router = node.start(['serve', 'router', '--listen', '127.0.0.1:0', '--json'], { env })
  daemons.push(router)
  await router.until(/"type":"ready"/)
  ;({ pinned } = JSON.parse(router.stdout()))
  const how = [
    '--runner',
    'none',
    '--wallet-file',
    wallet(node, seller),
    '--allow-spending-credential',
  ]
  const selling = node.start(['serve', 'node', '--router', pinned, '--json', ...how], { env })
  daemons.push(selling)
  // A node that cannot start must not be waited for.
  await Promise.race([router.until(/"node\.joined"/, 'stderr'), selling.until(/nothing/)])
  const connected = await run('pay', 'connect', '--file', wallet(client, buyer))
  expect(connected).toMatchObject({ code: 0 })
}, 180_000)

afterAll(async () => {
  for (const it of daemons) it.signal('SIGKILL')
  await Promise.all(daemons.map((it) => it.done))
  await Promise.all([seller, buyer].map((it) => it?.stop()))
  for (const at of places) at[Symbol.dispose]()
})

const ARGS = () => [
  'request',
  '--router',
  pinned,
  '--task',
  'text.summarize',
  '--timing',
  'hold',
  TEXT,
]

test('what a killed process was to get is handed out once it is paid, and only then', async () => {
  isDown = true
  const running = client!.start(ARGS(), { env })
  await until(() => seller!.asked.includes(SETTLE))
  running.signal('SIGKILL')
  expect((await running.done).stdout).toBe('')
  const ledger = join(client!.home, 'state', 'client', 'regtest', 'ledger.db')
  for (const file of [ledger, `${ledger}-wal`]) {
    expect(readFileSync(file, 'latin1')).not.toContain('The heron')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  }

  expect(await run('pay', 'resolve')).toMatchObject({
    code: 80,
    stdout: expect.not.stringContaining('heron'),
  })
  isDown = false
  await until(() => [...seller!.node.invoices.values()].every(({ state }) => state === 'settled'))

  // Another identity of the same user hears that it is paid, and reads nothing; nor is it forgotten.
  expect(await run('init', '--as', 'friend')).toMatchObject({ code: 0 })
  for (let time = 0; time < 2; time++) {
    const asked = client!.run(['pay', 'resolve'], { env: { ...env, FEDAI_PAY_IDENTITY: 'friend' } })
    expect(await asked).toMatchObject({
      code: 78,
      stdout: expect.not.stringContaining('heron'),
      stderr: expect.stringContaining('kept under another'),
    })
  }

  for (const [end, code] of TAKES_NOTHING) {
    const lost = await into(end, 'pay', 'resolve')
    expect(lost).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(KEPT) })
    expect(await into(end, 'pay', 'resolve', '--json')).toMatchObject({ code, stdout: '' })
  }
  const { code, stdout, stderr } = await run('pay', 'resolve')
  expect(code).toBe(0)
  expect(stdout).toContain('heron')
  expect(stderr).toContain('the result of a job that is paid now')
  expect(await resolved()).toMatchObject({ code: 0, said: { open: 0, results: [] } })
}, 120_000)

test('left while its payment is on its way it ends with 80, and the result waits', async () => {
  isDown = true
  const before = seller!.asked.filter((it) => it === SETTLE).length
  const running = client!.start(ARGS(), { env })
  await until(() => seller!.asked.filter((it) => it === SETTLE).length > before)
  running.signal('SIGTERM')
  const { code, stdout, stderr } = await running.done
  expect({ code, stdout }).toEqual({ code: 80, stdout: '' })
  expect(stderr).toContain('1 payment is still under way; do not pay again\nfedai pay resolve')
  isDown = false
  await until(() => [...seller!.node.invoices.values()].every(({ state }) => state === 'settled'))
  expect(await run('pay', 'resolve')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('heron'),
  })
}, 120_000)

test('a wallet that answers 500 for 5 s: the same command waits, and shows it', async () => {
  isDown = true
  setTimeout(() => (isDown = false), 5_000)
  const { code, stdout } = await client!.run(ARGS(), { env })
  expect([code, stdout.includes('heron')]).toEqual([0, true])
  expect(await resolved()).toMatchObject({ code: 0, said: { open: 0, results: [] } })
}, 120_000)

test.each(TAKES_NOTHING)(
  'a stdout that takes nothing (%s) does not cost the result',
  async (end, code) => {
    for (const how of [[], ['--json']]) {
      const lost = await into(end, ...ARGS(), ...how)
      expect(lost).toMatchObject({ code, stdout: '' })
      if (how.length === 0) expect(lost.stderr).toContain(KEPT)
      expect(await resolved()).toMatchObject({
        code: 0,
        said: { open: 0, results: [{ output: { text: expect.stringContaining('heron') } }] },
      })
      expect(await resolved()).toMatchObject({ code: 0, said: { results: [] } })
    }
  },
  120_000,
)

test('a result that waits is told of, and has stdout for itself, also beside an open payment', async () => {
  expect((await into('| true', ...ARGS())).code).toBe(0)
  const status = async () => statusShape.parse((await jsonOf(run('pay', 'status', '--json'))).said)
  const dry = ['pay', 'resolve', '--dry-run']
  expect(await status()).toMatchObject({ open: [], kept: 1 })
  expect(await run('pay', 'status')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^results +1 result is paid and kept here$/m),
    stderr: expect.stringContaining('try: fedai pay resolve'),
  })
  expect((await jsonOf(run(...dry, '--json'))).said).toMatchObject({ results: [], kept: 1 })
  expect((await run(...dry)).stderr).toContain(
    '1 result is paid and kept here: fedai pay resolve prints it',
  )

  // An elder payment, of a wallet that is not connected.
  const ledger = new Database(join(client!.home, 'state', 'client', 'regtest', 'ledger.db'))
  const elder = `(SELECT hash FROM payments WHERE hash NOT IN (SELECT hash FROM locked) LIMIT 1)`
  ledger.run(
    `UPDATE payments SET state = 'inflight', final = 0, wallet = 'lnd-0' WHERE hash = ${elder}`,
  )
  ledger.close()
  expect(await run('pay', 'resolve')).toEqual({
    code: 80,
    stdout: `${TEXT}\n`,
    stderr: expect.stringMatching(
      /^inflight .* from lnd-0\n.*the result of a job that is paid now/m,
    ),
  })
  // Without a result the list is what was asked for.
  expect((await run('pay', 'resolve')).stdout).toMatch(/^inflight .* from lnd-0\n$/)
  const { kept, open } = await status()
  expect([kept, open.length]).toEqual([0, 1])
}, 60_000)
