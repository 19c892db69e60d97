// `fedai pay top-up`, as a user has it: a router, a node and a client as three processes, in play money.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { readInvoice } from '../../src/commands/pay/invoice.ts'
import { topUpShape } from '../../src/commands/pay/shape.ts'
import { systemClock, unixMs } from '../../src/engine/base/clock.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { openSimPayer } from '../../src/engine/payments/sim/payer.ts'
import { pubKey } from '../../src/engine/protocol/ids.ts'
import { openStore } from '../../src/engine/storage/sqlite.ts'
import { FAKE_WORDS, type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { type Place, type Running, binary, place } from './cli.ts'
import { jsonOf, merchant } from './pay.ts'

let here: Place
let server: FakeOpenai
let node = ''
const running: Running[] = []

const serve = (...args: string[]): Running => {
  const it = here.start(['serve', ...args], { env: { FEDAI_ROUTER_LISTEN: '127.0.0.1:0' } })
  running.push(it)
  return it
}

beforeAll(async () => {
  here = place(await binary())
  server = fakeOpenai()
  const router = serve('router')
  const seller = serve('node', '--runner', `openai=${server.url}`)
  await Promise.all([router.until(/"node\.joined"/, 'stderr'), seller.until(/"ready"/, 'stderr')])
  const { said } = await jsonOf(here.run(['request', '--dry-run', '--json', 'hello']))
  node = said.offers[0].node
}, 120_000)
afterAll(async () => {
  for (const it of running) it.signal('SIGKILL')
  await Promise.all(running.map((it) => it.done))
  await server.stop()
  expect(await here.sprung()).toBe(false)
  here[Symbol.dispose]()
})

const topUp = (...args: string[]) => here.run(['pay', 'top-up', ...args])
/** Held to its shape, whatever it says. */
const json = async (...args: string[]) => {
  const ran = await jsonOf(topUp(...args, '--json'))
  if (ran.said) expect(topUpShape.parse(ran.said)).toEqual(ran.said)
  return ran
}

test('asks for nothing without --yes, shows what it comes to, and pays it once', async () => {
  expect(await topUp(node)).toMatchObject({
    code: 64,
    stdout: '',
    stderr: expect.stringMatching(/no terminal[\s\S]*--yes/),
  })
  const looked = await topUp('--dry-run', node)
  expect(looked).toMatchObject({ code: 0, stdout: '' })
  expect(looked.stderr).toMatch(/pays +10 sat of play money, and at most 10 sat for routing\n/)
  expect(looked.stderr).toMatch(/to +your tab at npub1[\s\S]*left 0 msat[\s\S]*nothing was paid\n$/)
  expect((await json('--dry-run', node)).said).toMatchObject({ status: 'dry_run', last: null })

  const paid = await topUp('--yes', node)
  expect(paid.code).toBe(0)
  expect(paid.stdout).toMatch(
    /^node +npub1.*\npaid +10 sat of play money · fee 0 msat\ntab +left 10 sat\n$/,
  )
  // By how its key begins: the tab makes it known.
  const again = await topUp('--dry-run', node)
  expect(again.stderr).toMatch(
    /last +10 sat of play money settled at 20[0-9 :-]+ UTC and are on the tab; this pays anew\n/,
  )
  const second = await json('--yes', node.slice(0, 8), '120sat')
  expect(second).toMatchObject({
    code: 0,
    said: {
      status: 'paid',
      amount_msat: '120000',
      fee_msat: '0',
      left_msat: '130000',
      last: { amount_msat: '10000', settled_at: expect.any(Number) },
      error: null,
    },
  })
  const { said } = await jsonOf(here.run(['pay', 'tabs', '--json']))
  expect(said.tabs).toMatchObject([{ node, paid_msat: '130000', seq: 2 }])
  const { code, stdout, stderr } = await here.run(['request', 'hello'])
  expect([code, stdout]).toEqual([0, FAKE_WORDS.join('')])
  expect(stderr).not.toMatch(/^paid/m)
})

test('what a node signed of a tab can be printed, and verified', async () => {
  const tabs = async () => (await jsonOf(here.run(['pay', 'tabs', '--json', '--statements']))).said
  const [{ tab }] = (await tabs()).tabs
  const ledgers = [...new Bun.Glob('state/**/ledger.db').scanSync(here.home)]
  const of = (who: string) =>
    openStore(
      join(
        here.home,
        ledgers.find((it) => it.includes(who))!,
      ),
    )
  const [theirs, ours] = [await of('node'), await of('client/sim')]
  const [said] = theirs.money.statements(pubKey(node), tab, 1, 10)
  ours.money.spending(unixMs(0))
  if (ours.money.statements(pubKey(node), tab, 1, 10).length === 0)
    await ours.money.write([{ do: 'add', table: 'statements', row: said! }])
  await Promise.all([theirs.close(), ours.close()])

  expect((await tabs()).tabs).toMatchObject([{ node, signed: [said!.text] }])
  const { stdout } = await here.run(['pay', 'tabs', '--statements'])
  expect(stdout).toBe(`${said!.text}\n`)
  const good = await jsonOf(here.run(['verify', '--json', '-'], { stdin: stdout }))
  const sums = { node, tab, used_msat: String(said!.used), statements: 1 }
  expect(good).toMatchObject({ code: 0, said: { ok: true, tabs: [sums] } })
  const forged = stdout.replace(`used\\":\\"${said!.used}`, `used\\":\\"${said!.used + 1n}`)
  expect(forged).not.toBe(stdout)
  expect((await here.run(['verify', '-'], { stdin: forged })).code).toBe(76)
  const plain = (await jsonOf(here.run(['pay', 'tabs', '--json']))).said
  expect(plain.tabs[0].signed).toBeUndefined()
})

/** A top-up of a command that was killed: it stands in the ledger, and its money is on its way. */
const begun = async (sat: number) => {
  const shop = await merchant(here)
  const held = await shop.held(sat)
  const { bolt11 } = held
  const secp = await openSecp256k1()
  const now = systemClock.now()
  const { hash, msat, expiresAt } = readInvoice(bolt11, { net: 'sim', now, secp })
  const { said } = await jsonOf(here.run(['pay', 'status', '--json']))
  const path = join(here.home, 'state', 'play-money.db')
  const seams = { clock: systemClock, random: systemRandom, secp, net: 'sim' } as const
  const payer = await openSimPayer({ path, account: said.account }, seams)
  void payer.pay(bolt11, { maxFee: msat, timeoutMs: 60_000 })
  await held.paid()
  const [{ tab }] = (await jsonOf(here.run(['pay', 'tabs', '--json']))).said.tabs
  const store = await openStore(join(here.home, 'state', 'client', 'sim', 'ledger.db'))
  store.money.spending(unixMs(0))
  const row = {
    hash,
    bolt11,
    msat,
    expiresAt,
    terms: '',
    payee: pubKey(node),
    ref: tab,
    seq: 1,
    purpose: 'topup' as const,
    maxFee: msat,
    state: 'inflight' as const,
    fee: null,
    preimage: null,
    reason: null,
    late: false,
    final: false,
    at: now,
    doneAt: null,
    wallet: said.wallet.fingerprint,
  }
  await store.money.write([{ do: 'add', table: 'payments', row }])
  await store.close()
  return { ...held, close: () => Promise.all([payer.close(), shop.wallet.close()]) }
}

test('one that was begun and not seen to end is not paid again, before it arrives nor after', async () => {
  const money = async () => (await jsonOf(here.run(['pay', 'status', '--json']))).said.balance_msat
  const first = await begun(100)
  const had = await money()
  expect(await json('--yes', node, '100sat', '--max-exposure', '1000sat')).toMatchObject({
    code: 80,
    error: { code: 'payment.unknown', hint: expect.stringContaining('do not pay again') },
  })
  // Nor by another wallet, which cannot know how it ended.
  expect((await here.run(['init', '--as', 'friend', '--yes'])).code).toBe(0)
  const args = ['pay', 'top-up', '--yes', node, '--json']
  expect(await jsonOf(here.run(args, { env: { FEDAI_PAY_IDENTITY: 'friend' } }))).toMatchObject({
    code: 80,
    error: { code: 'payment.other_wallet' },
  })
  await first.settle()
  expect(await json('--yes', node, '100sat', '--max-exposure', '1000sat')).toMatchObject({
    code: 0,
    said: { status: 'paid_before', amount_msat: '100000', router: null },
  })
  expect(await money()).toBe(had)
  await first.close()
}, 30_000)

test('what may not be is refused, and says what may', async () => {
  const before = (await jsonOf(here.run(['pay', 'status', '--json']))).said.spent_today_msat
  const cases: [string[], number, RegExp][] = [
    [[node, '5sat'], 64, /less than a later top-up[\s\S]*by 100sat at least/],
    [[node, '1000001sat'], 64, /more than a tab takes at once[\s\S]*1000000sat at most/],
    [[node, '150'], 64, /has no unit/],
    [['nobody'], 64, /known here[\s\S]*npub1…/],
    [['ab'.repeat(32)], 69, /no node of this key/],
    [[node, '150sat'], 77, /--max-exposure 2\d\d\d*\w*sat/],
    [[node, '100sat', '--budget', '150sat'], 77, /--budget \d+(m?)sat/],
  ]
  for (const [args, code, text] of cases) {
    const ran = await topUp('--yes', ...args)
    expect({ args, code: ran.code, stdout: ran.stdout }).toEqual({ args, code, stdout: '' })
    expect(ran.stderr).toMatch(text)
  }
  // The sum that the refusal names allows it.
  const over = await json('--yes', node, '150sat')
  const sum = /--max-exposure (\d+m?sat)$/.exec(over.error.hint)![1]!
  expect((await json('--dry-run', node, '150sat', '--max-exposure', sum)).code).toBe(0)
  const after = (await jsonOf(here.run(['pay', 'status', '--json']))).said.spent_today_msat
  expect(after).toBe(before)
})

test('on a terminal it asks; the default is no', async () => {
  const fedai = await binary()
  const asked = async (answer: string) => {
    let screen = ''
    const args = ['pay', 'top-up', node, '100sat', '--max-exposure', '1000sat']
    const child = Bun.spawn([fedai, ...args], {
      cwd: here.folder,
      env: { PATH: process.env['PATH'], FEDAI_HOME: here.home, TERM: 'xterm-256color' },
      terminal: {
        cols: 200,
        rows: 40,
        data: (_, bytes) => void (screen += new TextDecoder().decode(bytes)),
      },
    })
    while (!screen.includes('cannot be paid back')) await Bun.sleep(10)
    child.terminal!.write(answer)
    return { code: await child.exited, screen }
  }
  expect(await asked('\r')).toMatchObject({
    code: 130,
    screen: expect.stringContaining('nothing was paid'),
  })
  expect(await asked('y')).toMatchObject({
    code: 0,
    screen: expect.stringMatching(/paid +100 sat of play money/),
  })
}, 30_000)

test('a node that has gone is not paid', async () => {
  running[1]!.signal('SIGKILL')
  await running[0]!.until(/"node\.left"/, 'stderr')
  const ran = await topUp('--yes', node, '100sat', '--max-exposure', '1000sat')
  expect(ran.code).toBe(69)
  expect(ran.stderr).toMatch(/not at this router now|no node of this key/)
})
