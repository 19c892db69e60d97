// `fedai pay connect` and what follows with a wallet that is a program of its own: a fake phoenixd on net regtest.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fakeCln } from '../fakes/cln.ts'
import { connectionText } from '../fakes/connection-text.ts'
import { fakeLnd } from '../fakes/lnd.ts'
import { type Place, type RunOptions, binary, place } from './cli.ts'
import { CANARY, jsonOf, phoenixd, seams } from './pay.ts'

let fedai: string
let here: Place
let wallet: ReturnType<typeof phoenixd>
/** All that was printed. */
let printed = ''
beforeAll(async () => {
  fedai = await binary()
  here = place(fedai)
  wallet = phoenixd()
}, 120_000)
beforeEach(() => wallet.release())
afterAll(async () => {
  await wallet.stop()
  expect(printed.length).toBeGreaterThan(1_000)
  expect(printed).not.toContain(CANARY)
  expect(printed).not.toContain(btoa(`:${CANARY}`))
  expect(await here.sprung()).toBe(false)
  here[Symbol.dispose]()
})

const NET = { FEDAI_NET: 'regtest' }
const start = (at: Place, args: string[], options: RunOptions = {}) => {
  const running = at.start(['pay', ...args], { env: NET, ...options })
  void running.done.then(({ stdout, stderr }) => (printed += stdout + stderr))
  return running
}
const pay = (...args: string[]) => start(here, args).done
const json = (...args: string[]) => jsonOf(pay(...args, '--json'))
const connect = (at: Place, text: string, ...args: string[]) =>
  start(at, ['connect', ...args], { stdin: text }).done
const stored = (at: Place) => join(at.home, 'keys', 'wallet-regtest.connection')

/** Holds what is under a folder to have the secret nowhere but in the place for it. */
const leaks = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile() && !it.name.endsWith('.connection'))
    .map((it) => join(it.parentPath, it.name))
    .filter((path) => readFileSync(path).includes(CANARY))

describe('connect', () => {
  test('opens it, says what it can do, and keeps it for us alone', async () => {
    using own = place(fedai)
    const checked = await connect(own, wallet.connection, '--dry-run')
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringContaining('--dry-run') })
    expect(existsSync(stored(own))).toBe(false)
    const { code, stdout } = await connect(own, `${wallet.connection}\n`)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^wallet +phoenixd on regtest · node 0[23]/)
    expect(stdout).toMatch(/counts whole sats .*tested against a fake only\n/)
    expect(statSync(stored(own)).mode & 0o777).toBe(0o600)
    expect(readFileSync(stored(own), 'utf8')).toBe(`${wallet.connection}\n`)
    expect(await connect(own, wallet.connection)).toMatchObject({
      stdout: expect.stringContaining('as before'),
    })
    const other = phoenixd()
    expect(await connect(own, other.connection)).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('connected on regtest already'),
    })
    expect((await connect(own, other.connection, '--yes')).code).toBe(0)
    expect(readFileSync(stored(own), 'utf8')).toBe(`${other.connection}\n`)
    await other.stop()
    expect(leaks(own.home)).toEqual([])
  })

  test('takes no file that others can read, no argument, and nothing that cannot pay', async () => {
    using own = place(fedai)
    const file = own.file('wallet.txt', wallet.connection)
    chmodSync(file, 0o640)
    const lnd = fakeLnd(seams, [
      ['invoices', 'read'],
      ['invoices', 'write'],
    ])
    const cln = fakeCln(seams, { may: ['invoice', 'listinvoices', 'waitanyinvoice', 'getinfo'] })
    const cases: [string[], string, number, RegExp][] = [
      [['--file', file], '', 78, /others can read .*\n {2}chmod 600/],
      [[wallet.connection], '', 64, /does not belong on a command line/],
      [[], 'phoenixd://x', 64, /no connection string[\s\S]*phoenixd\+http/],
      [[], '', 64, /no connection string/],
      [[], wallet.connection.replace(CANARY, 'canary-limited-password'), 78, /only receives/],
      [[], connectionText(lnd.connection), 78, /cannot pay\n.*lncli bakemacaroon .*SendPayment/],
      [[], connectionText(cln.connection), 78, /cannot pay\n.*createrune .*method=xpay/],
      [[], wallet.connection.replace(CANARY, 'wrong'), 78, /does not take this credential/],
      [[], 'lightning:mira@example.com', 78, /only receives/],
      [['--net', 'sim'], wallet.connection, 78, /play money[\s\S]*pay connect --net mainnet/],
      [
        ['--net', 'mainnet'],
        wallet.connection,
        78,
        /is on regtest, and the network is mainnet\n.*--net regtest\n/,
      ],
      [['--net', 'mainnet'], 'sim:/x?account=y', 78, /play money[\s\S]*pay connect --net sim\n/],
    ]
    for (const [args, stdin, code, text] of cases) {
      const ran = await connect(own, stdin, ...args)
      expect({ args: args.length, code: ran.code, stdout: ran.stdout }).toEqual({
        args: args.length,
        code,
        stdout: '',
      })
      expect(ran.stderr).toMatch(text)
    }
    await Promise.all([lnd.stop(), cln.stop()])
    expect((await start(own, [wallet.connection]).done).stderr).toContain('may have been seen')
    for (const how of ['gossip', 'page', 'error'] as const) {
      wallet.misbehave(how)
      expect((await connect(own, wallet.connection)).code).toBe(69)
    }
    wallet.misbehave(null)
    expect(existsSync(stored(own))).toBe(false)
    chmodSync(file, 0o600)
    expect((await start(own, ['connect', '--file', file]).done).code).toBe(0)

    chmodSync(stored(own), 0o644)
    for (const args of [['status'], ['--yes', wallet.invoice(1)]])
      expect(await start(own, args).done).toMatchObject({
        code: 78,
        stderr: expect.stringMatching(/others can read .*\n {2}chmod 600/),
      })
    expect(wallet.ours.payments.size).toBe(0)
  }, 30_000)
})

describe('with it', () => {
  beforeAll(async () => {
    expect((await connect(here, wallet.connection)).code).toBe(0)
  })

  test('an invoice is paid once, with its fee', async () => {
    const invoice = wallet.invoice(100)
    const paid = await json('--yes', invoice)
    expect(paid).toMatchObject({
      code: 0,
      said: { status: 'settled', net: 'regtest', amount_msat: '100000', fee_msat: '4000' },
    })
    expect(paid.said.after).toEqual({ spent_today_msat: '104000', balance_msat: null })
    expect((await json('--yes', invoice)).said).toMatchObject({ status: 'paid_before' })
    const dear = await json('--yes', '--max-fee', '3sat', wallet.invoice(100))
    expect(dear).toMatchObject({ code: 77, error: { code: 'payment.over_fee' } })
    expect(await json('status')).toMatchObject({
      code: 0,
      said: { wallet: { kind: 'phoenixd', tested: 'tested against a fake only' }, open: [] },
    })
  })

  test('killed before the wallet heard of it: not sent again, and not called failed too soon', async () => {
    const before = wallet.ours.payments.size
    const reached = wallet.holdUp('question', /outgoingbyhash/)
    const invoice = wallet.invoice(50)
    const running = start(here, ['--yes', invoice])
    await reached
    running.signal('SIGKILL')
    expect((await running.done).code).toBe(137)
    wallet.release()
    expect(await json('resolve')).toMatchObject({
      code: 80,
      said: { open: 1, payments: [{ state: 'intent', amount_msat: '50000' }] },
    })
    expect((await json('--yes', '--wait', '1s', invoice)).code).toBe(80)
    // What may be on its way counts against the day.
    expect((await json('status')).said.spent_today_msat).toBe('164000')
    expect(wallet.ours.payments.size).toBe(before)
    // Nor does another wallet take the place of the one that would know.
    const other = phoenixd()
    const changed = await connect(here, other.connection, '--yes')
    expect(changed).toMatchObject({ code: 80, stderr: expect.stringContaining('pay resolve') })
    // Not even where the file of that one was taken away.
    rmSync(stored(here))
    const gone = await connect(here, other.connection, '--yes')
    expect(gone).toMatchObject({ code: 80, stderr: expect.stringContaining(stored(here)) })
    expect(existsSync(stored(here))).toBe(false)
    writeFileSync(stored(here), `${wallet.connection}\n`, { mode: 0o600 })
    await other.stop()
  }, 30_000)

  test('killed while the wallet paid: resolve finds it, and it is not paid again', async () => {
    const invoice = wallet.invoice(60)
    const reached = wallet.holdUp('answer', /payinvoice .*lnbcrt/)
    const running = start(here, ['--yes', invoice])
    await reached
    running.signal('SIGKILL')
    expect((await running.done).code).toBe(137)
    wallet.release()
    const count = wallet.ours.payments.size
    const { code, said } = await json('resolve')
    expect(code).toBe(80)
    expect(said.payments).toMatchObject([
      { state: 'intent', amount_msat: '50000' },
      { state: 'settled', amount_msat: '60000' },
    ])
    const again = await json('--yes', invoice)
    expect(again).toMatchObject({ code: 0, said: { status: 'paid_before' } })
    expect(again.said.preimage).toMatch(/^[0-9a-f]{64}$/)
    expect(wallet.ours.payments.size).toBe(count)
  }, 30_000)

  test('a wallet that is gone: what is known is shown, and nothing is sent', async () => {
    wallet.misbehave('gossip')
    const status = await json('status')
    expect(status).toMatchObject({
      code: 69,
      said: { wallet: null, error: { code: 'wallet.refused' } },
    })
    expect(status.said.open).toHaveLength(1)
    expect((await json('--yes', wallet.invoice(1))).code).toBe(69)
    expect((await json('history')).code).toBe(0)
    wallet.misbehave(null)
    expect(leaks(here.home)).toEqual([])
  })
})
