// A payment whose end is not known, and another wallet in the place of the one that sent it: its word counts for nothing.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { historyShape, resolutionShape, statusShape } from '../../src/commands/pay/shape.ts'
import { fundPlayAccount, playAccount } from '../../src/commands/pay/play.ts'
import { systemClock } from '../../src/engine/base/clock.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { type Place, binary, place } from './cli.ts'
import { CANARY, jsonOf, merchant, phoenixd } from './pay.ts'

const secp = await openSecp256k1()
let fedai: string
let here: Place
beforeAll(async () => {
  fedai = await binary()
}, 120_000)
beforeEach(async () => {
  here?.[Symbol.dispose]()
  here = place(fedai)
  expect((await here.run(['init', '--as', 'friend', '--yes'])).code).toBe(0)
})
afterAll(() => here[Symbol.dispose]())

type Env = Readonly<Record<string, string>>
const json = (args: string[], env: Env = {}) =>
  jsonOf(here.run(['pay', ...args, '--json'], { env }))
const resolve = async (env: Env = {}) => {
  const ran = await json(['resolve'], env)
  if (ran.said) expect(resolutionShape.parse(ran.said)).toEqual(ran.said)
  return ran
}
const status = async (env: Env = {}) => {
  const { said } = await json(['status'], env)
  expect(statusShape.parse(said)).toEqual(said)
  return said
}

const file = () => join(here.home, 'keys', 'wallet-sim.connection')
const play = () => join(here.home, 'state', 'play-money.db')
const connect = (account: string) =>
  here.run(['pay', 'connect', '--yes'], { stdin: `sim:${play()}?account=${account}` })
/** By hand, as no command would do it. */
const putInPlace = (account: string) =>
  writeFileSync(file(), `sim:${play()}?account=${account}\n`, { mode: 0o600 })

const change = (net: string, sql: string): void => {
  const db = new Database(join(here.home, 'state', 'client', net, 'ledger.db'))
  db.run(sql)
  db.close()
}
/** As if its invoice had expired long ago: that a wallet knows of no such payment proves something then. */
const expire = (net = 'sim') => change(net, 'UPDATE payments SET expires_at = 1000')

/** Where it was left before its wallet said that it tries, the ledger says `intent`. */
const OPEN = expect.stringMatching(/^(intent|inflight)$/)

/** A payment on its way, and its fingerprint. */
const begin = async (env: Env = {}) => {
  const shop = await merchant(here)
  const held = await shop.held(9)
  const stuck = await json(['--yes', '--wait', '1s', held.bolt11], env)
  expect(stuck).toMatchObject({ code: 80, error: { code: 'payment.unknown' } })
  const { wallet, open } = await status(env)
  expect(wallet.fingerprint).toMatch(/^sim-[0-9a-f]{16}$/)
  expect(open).toMatchObject([{ state: OPEN, wallet: wallet.fingerprint }])
  return { shop, held, wallet: wallet.fingerprint as string }
}

/** Nothing that can be asked with another wallet ends it, and one sentence says which wallet sent it. */
const staysOpen = async (sender: string, bolt11: string, env: Env = {}): Promise<void> => {
  const connected = (await status(env)).wallet.fingerprint
  expect(connected).not.toBe(sender)
  for (let n = 0; n < 2; n++) {
    const { code, said, error } = await resolve(env)
    expect({ code, error: error.code }).toEqual({ code: 80, error: 'payment.other_wallet' })
    expect(said).toMatchObject({ open: 1, payments: [{ state: OPEN, wallet: sender }] })
    expect(error.message).toBe(
      `how 1 payment ended is not known yet, 9 sat of play money in all: it was sent on sim by the wallet ${sender}, and ${connected} is connected`,
    )
    expect(error.hint).toMatch(
      /^do not pay again; bring back the wallet.*pay resolve --net sim\n.*--give-up HASH$/,
    )
  }
  const since = performance.now()
  expect(await json(['--yes', bolt11], env)).toMatchObject({
    code: 80,
    said: { status: 'unknown' },
    error: { code: 'payment.other_wallet' },
  })
  expect(performance.now() - since).toBeLessThan(20_000)
}

const settles = async (sender: string, env: Env = {}): Promise<void> => {
  expect(await resolve(env)).toMatchObject({
    code: 0,
    said: { open: 0, payments: [{ state: 'settled', wallet: sender }] },
  })
  const { said } = await json(['history'])
  expect(historyShape.parse(said)).toEqual(said)
  expect(said.payments).toMatchObject([{ state: 'settled', wallet: sender }])
}

describe('in play money', () => {
  test('another identity does not end it', async () => {
    const { shop, held, wallet } = await begin()
    await held.settle()
    expire()
    await staysOpen(wallet, held.bolt11, { FEDAI_PAY_IDENTITY: 'friend' })
    const { stdout } = await here.run(['pay', 'status'], { env: { FEDAI_PAY_IDENTITY: 'friend' } })
    expect(stdout).toContain(`from ${wallet}`)
    await settles(wallet)
    expect(await shop.has()).toBe(9_000n as never)
    await shop.wallet.close()
  }, 60_000)

  test('its connection taken away, or another in its place, does not end it', async () => {
    const seams = { clock: systemClock, random: systemRandom, secp, net: 'sim' } as const
    const of = { FEDAI_HOME: here.home }
    await fundPlayAccount(playAccount('buyer', of), seams)
    expect((await connect('buyer')).code).toBe(0)
    const { shop, held, wallet } = await begin()
    await held.settle()
    expire()
    renameSync(file(), `${file()}.away`)
    await staysOpen(wallet, held.bolt11)
    // Another one is not connected meanwhile, and would be no help.
    const other = await connect('other')
    expect(other).toMatchObject({ code: 80, stderr: expect.stringContaining(wallet) })
    putInPlace('other')
    await staysOpen(wallet, held.bolt11)
    // That which sent it is: by the command, whatever lies there.
    expect((await connect('buyer')).code).toBe(0)
    await settles(wallet)
    expect((await connect('other')).code).toBe(0)
    await shop.wallet.close()
  }, 60_000)

  test('is given up by its user alone, once nobody can pay it, and not while its wallet is there', async () => {
    const { shop, held, wallet } = await begin()
    const [{ hash }] = (await status()).open
    const friend = { FEDAI_PAY_IDENTITY: 'friend' }
    const give = (args: string[], env: Env = friend) =>
      json(['resolve', '--give-up', hash.slice(0, 6), ...args], env)
    expect(await give(['--yes'])).toMatchObject({ code: 75, error: { code: 'payment.payable' } })
    expire()
    expect(await give(['--yes'], {})).toMatchObject({
      code: 80,
      error: { code: 'payment.open', message: expect.stringContaining(wallet) },
    })
    expect(await give([])).toMatchObject({
      code: 64,
      error: { message: 'there is no terminal to ask on before a payment is given up' },
    })
    expect(await give(['--dry-run'])).toMatchObject({ code: 0, said: { open: 1 } })
    for (const word of ['ffff'.repeat(16), '', hash.slice(0, 2)])
      expect(await json(['resolve', '--yes', '--give-up', word], friend)).toMatchObject({
        code: 64,
        error: { code: 'payment.not_open' },
      })
    expect((await status()).open).toMatchObject([{ state: OPEN }])
    const given = { state: 'failed', reason: 'given_up', wallet }
    expect(await give(['--yes'])).toMatchObject({ code: 0, said: { open: 0, payments: [given] } })
    expect(await resolve(friend)).toMatchObject({ code: 0, said: { open: 0 } })
    const again = await json(['--yes', held.bolt11], friend)
    expect(again).toMatchObject({ code: 77, error: { code: 'payment.given_up' } })
    expect((await connect('other')).code).toBe(0)
    await shop.wallet.close()
  }, 60_000)

  test('all play money begun anew does not end it', async () => {
    const { shop, held, wallet } = await begin()
    await shop.wallet.close()
    for (const end of ['', '-wal', '-shm']) rmSync(`${play()}${end}`, { force: true })
    expire()
    // Looking begins nothing anew: play money that nobody has begun with is no wallet yet.
    expect((await status()).wallet.fingerprint).toBeNull()
    await resolve()
    await staysOpen(wallet, held.bolt11)
  }, 60_000)

  test('of no wallet on record, none’s ignorance ends it; what has it on record does', async () => {
    const { shop, held, wallet } = await begin()
    await held.settle()
    expire()
    change('sim', 'UPDATE payments SET wallet = NULL')
    const { code, error } = await resolve({ FEDAI_PAY_IDENTITY: 'friend' })
    expect({ code, error: error.code }).toEqual({ code: 80, error: 'payment.other_wallet' })
    expect(error.message).toContain('sent on sim by a wallet that is not on record, and sim-')
    const [open] = (await status()).open
    expect(open).toMatchObject({ state: OPEN, wallet: null })
    expect(wallet).toBeTruthy()
    expect(await resolve()).toMatchObject({ code: 0, said: { payments: [{ state: 'settled' }] } })
    await shop.wallet.close()
  }, 60_000)

  test('of no wallet on record, it keeps none away, and ends as failed by its user’s word alone', async () => {
    const { shop } = await begin()
    change('sim', 'UPDATE payments SET wallet = NULL')
    expire()
    // As the hint says: whichever wallet it was, it can be connected.
    const { error } = await resolve()
    expect(error.hint).toMatch(
      /^do not pay again; where another was connected then, .*\nwhere none says that it arrived: .* --give-up HASH$/,
    )
    expect((await connect('buyer')).code).toBe(0)
    expect((await resolve()).error.code).toBe('payment.other_wallet')
    expect((await connect('other')).code).toBe(0)
    const [{ hash }] = (await status()).open
    const given = await json(['resolve', '--yes', '--give-up', hash])
    expect(given).toMatchObject({ code: 0, said: { open: 0 } })
    await shop.wallet.close()
  }, 60_000)
})

test('two of a kind: another phoenixd does not end what the first one sent', async () => {
  const net = { FEDAI_NET: 'regtest' }
  const [first, second] = [phoenixd(), phoenixd()]
  const path = join(here.home, 'keys', 'wallet-regtest.connection')
  const run = (...args: string[]) => here.run(['pay', ...args], { env: net })
  const stored = await here.run(['pay', 'connect'], { env: net, stdin: first.connection })
  expect(stored.code).toBe(0)
  const lost = first.holdUp('answer', /payinvoice.*lnbcrt/)
  const paying = here.start(['pay', '--yes', first.invoice(7)], { env: net })
  await lost
  paying.signal('SIGKILL')
  await paying.done
  first.release()
  expire('regtest')
  writeFileSync(path, `${second.connection}\n`, { mode: 0o600 })
  const asked = await run('resolve', '--json')
  expect(asked.code).toBe(80)
  const { error } = JSON.parse(asked.stderr)
  expect(error.code).toBe('payment.other_wallet')
  expect(error.message).toMatch(
    /sent on regtest by the wallet phoenixd-[0-9a-f]{16}, and phoenixd-[0-9a-f]{16} is connected$/,
  )
  expect(error.hint).toContain('fedai pay connect --net regtest --file FILE')
  const back = await here.run(['pay', 'connect', '--yes'], { env: net, stdin: first.connection })
  expect(back.code).toBe(0)
  expect(await run('resolve', '--json')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"state":"settled"'),
  })
  expect(asked.stdout + asked.stderr + back.stdout).not.toContain(CANARY)
  await Promise.all([first.stop(), second.stop()])
}, 60_000)

test('a wallet that cannot be asked ends nothing: what is open is listed, and not to be paid again', async () => {
  const env = { FEDAI_NET: 'regtest' }
  const wallet = phoenixd()
  const path = join(here.home, 'keys', 'wallet-regtest.connection')
  const stored = await here.run(['pay', 'connect'], { env, stdin: wallet.connection })
  expect(stored.code).toBe(0)
  const lost = wallet.holdUp('answer', /payinvoice.*lnbcrt/)
  const paying = here.start(['pay', '--yes', wallet.invoice(7)], { env })
  await lost
  paying.signal('SIGKILL')
  await paying.done
  const open = async (why: string) => {
    const { code, said, error } = await resolve(env)
    expect({ code, error: error.code }).toEqual({ code: 80, error: 'payment.unasked' })
    expect(said).toMatchObject({ open: 1, payments: [{ state: OPEN, amount_msat: '7000' }] })
    expect(error.message).toContain('how 1 payment ended is not known yet, 7 sat in all: ')
    expect(error.message).toContain(why)
    expect(error.hint).toMatch(/^do not pay again; [^]*\nthen: fedai pay resolve --net regtest$/)
    expect(JSON.stringify([said, error])).not.toContain(CANARY)
  }
  await wallet.stop()
  await open('phoenixd')
  rmSync(path)
  await open('no wallet is connected on regtest')
}, 60_000)
