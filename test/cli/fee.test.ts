// A router with a fee, a node and a client as three processes, in play money; and wallets that a router refuses.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/engine/base/clock.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { balanceOf } from '../../src/engine/payments/sim/faucet.ts'
import { FAKE_WORDS, type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { type Place, type Running, binary, place } from './cli.ts'
import { CANARY, jsonOf, phoenixd } from './pay.ts'

let fedai: string
let server: FakeOpenai
const places: Place[] = []
const running: Running[] = []
beforeAll(async () => {
  fedai = await binary()
  server = fakeOpenai()
}, 120_000)
afterAll(async () => {
  for (const it of running) it.signal('SIGKILL')
  await Promise.all(running.map((it) => it.done))
  await server.stop()
  for (const it of places) {
    expect(await it.sprung()).toBe(false)
    it[Symbol.dispose]()
  }
})

const home = () => {
  const here = place(fedai)
  places.push(here)
  const serve = (...args: string[]) => {
    const it = here.start(['serve', ...args], { env: { FEDAI_ROUTER_LISTEN: '127.0.0.1:0' } })
    running.push(it)
    return it
  }
  return { ...here, serve }
}

/** What the router has in play money, msat. */
const routersMoney = async (at: Place, key: string) => {
  const secp = await openSecp256k1()
  const seams = { clock: systemClock, random: systemRandom, secp, net: 'sim' } as const
  const account = `router-${key.slice(0, 16)}`
  return balanceOf({ path: join(at.home, 'state', 'play-money.db'), account }, seams)
}

test('the fee of a router is told, paid once for many jobs, and shown apart', async () => {
  const here = home()
  const router = here.serve('router', '--fee', '4sat', '--fee-routes', '4')
  const node = here.serve('node', '--runner', `openai=${server.url}`)
  await Promise.all([router.until(/"node\.joined"/, 'stderr'), node.until(/"ready"/, 'stderr')])
  expect(router.stderr()).toMatch(
    /"fee\.open".*"pack_msat":"?4000.*"routes":4.*"route_msat":"?1000/,
  )

  const dry = await here.run(['request', '--dry-run', 'hello'])
  expect(dry).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('and 1 sat for the router'),
  })

  const { code, stdout, stderr } = await here.run(['request', 'hello'])
  expect([code, stdout]).toEqual([0, FAKE_WORDS.join('')])
  const told = stderr.indexOf('takes 4 sat for 4 jobs, paid ahead')
  expect(told).toBeGreaterThanOrEqual(0)
  expect(stderr).toContain('it can tell that your jobs there are one payer’s')
  expect(stderr.indexOf('paid 4 sat to')).toBeGreaterThan(told)
  expect(stderr).toMatch(/sat of at most .* · router 1 sat · /)

  const next = await jsonOf(here.run(['request', '--json', 'hello']))
  expect(next).toMatchObject({ code: 0, said: { router_fee_msat: '1000' } })
  expect(next.said.events.map((it: { type: string }) => it.type)).not.toContain('fee')
  expect(Number(await routersMoney(here, next.said.router))).toBe(4_000)

  const { said } = await jsonOf(here.run(['pay', 'history', '--json']))
  const fees = said.payments.filter((it: { purpose: string }) => it.purpose === 'route')
  expect(fees).toMatchObject([{ payee: next.said.router, amount_msat: '4000', state: 'settled' }])
}, 60_000)

test('the first payment is an event of --json too', async () => {
  const here = home()
  const router = here.serve('router', '--fee', '10sat')
  const node = here.serve('node', '--runner', `openai=${server.url}`)
  await Promise.all([router.until(/"node\.joined"/, 'stderr'), node.until(/"ready"/, 'stderr')])
  const { code, said } = await jsonOf(here.run(['request', '--json', 'hello']))
  expect(code).toBe(0)
  const types = said.events.map((it: { type: string }) => it.type)
  expect(types.slice(0, 3)).toEqual(['fee', 'paying', 'paid'])
  const fee = { type: 'fee', router: said.router, msat: '10000', routes: 100 }
  expect(said.events[0]).toMatchObject(fee)
}, 60_000)

test('a fee that cannot be sold at that sum is refused at start, with the sums that can', async () => {
  const here = home()
  const start = (...args: string[]) =>
    here.run(['serve', 'router', ...args], { env: { FEDAI_ROUTER_LISTEN: '127.0.0.1:0' } })
  for (const [args, hint] of [
    [['--fee', '10sat', '--fee-routes', '1000000'], '--fee 1000sat'],
    [['--fee', '7sat', '--fee-routes', '3'], '--fee 6999msat or --fee 7002msat'],
    [['--fee', '500msat'], '--fee 1sat'],
  ] as const) {
    const { code, stderr } = await start(...args)
    expect([code, stderr]).toEqual([78, expect.stringContaining(hint)])
  }
}, 60_000)

test('a wallet that can spend is refused, whatever flags there are, and where it takes no fee', async () => {
  const here = home()
  const wallet = phoenixd()
  const file = join(here.folder, 'wallet.txt')
  await Bun.write(file, wallet.connection)
  const options = { env: { FEDAI_NET: 'regtest', FEDAI_ROUTER_LISTEN: '127.0.0.1:0' } }
  const start = (...args: string[]) => here.run(['serve', 'router', ...args], options)
  await Bun.spawn(['chmod', '600', file]).exited
  const refused = await start('--fee', '10sat', '--wallet-file', file)
  expect(refused.code).toBe(77)
  expect(refused.stderr).toContain('can spend')
  expect(refused.stderr).toContain('limited password')
  expect(refused.stderr).not.toContain('--allow-spending-credential')
  const flag = await start('--fee', '10sat', '--wallet-file', file, '--allow-spending-credential')
  expect(flag.code).toBe(64)
  for (const { stderr } of [refused, flag]) expect(stderr).not.toContain(CANARY)
  expect(readdirSync(here.folder)).toContain('wallet.txt')

  const none = await start('--fee', '10sat')
  expect([none.code, none.stderr]).toEqual([
    78,
    expect.stringContaining('a Lightning address will do'),
  ])
  // A file that is given is looked at, whatever for.
  const spending = await start('--wallet-file', file)
  expect([spending.code, spending.stderr]).toEqual([77, expect.stringContaining('can spend')])
  const nowhere = await start('--wallet-file', join(here.folder, 'nowhere'))
  expect([nowhere.code, nowhere.stderr]).toEqual([65, expect.stringContaining('there is no file')])
  const net = ['--net', 'sim', '--wallet-file', file]
  const node = ['serve', 'node', '--wallet-file', file]
  for (const args of [
    ['serve', 'router', ...net],
    [...node, '--net', 'sim'],
  ]) {
    const ran = await here.run(args, options)
    expect({ args, code: ran.code, stderr: ran.stderr }).toEqual({
      args,
      code: 78,
      stderr: expect.stringMatching(/network is sim[^]*--net mainnet[^]*leave --wallet-file out/),
    })
  }
  for (const [kind, on] of [
    ['sim', 'regtest'],
    ['phoenixd', 'sim'],
  ] as const) {
    const ran = await here.run(
      ['serve', 'node', '--wallet', kind, '--net', on, '--wallet-file', file],
      options,
    )
    expect([kind, ran.code, ran.stderr]).toEqual([
      kind,
      78,
      expect.stringContaining(`the network is ${on}`),
    ])
  }
  await wallet.stop()
}, 60_000)
