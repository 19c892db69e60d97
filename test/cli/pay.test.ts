// `fedai pay INVOICE`, as a user has it, on play money.
import { describe, expect, test } from 'bun:test'
import { place } from './cli.ts'
import { jsonOf, merchant, openShop } from './pay.ts'

const { fedai, here, shop, pay, json } = await openShop()

/** Runs a line of a shell with `$0` for fedai; `$1` and so on are words. */
const shell = async (line: string, stdin: string, ...words: string[]) => {
  const child = Bun.spawn(['bash', '-c', line, fedai, ...words], {
    cwd: here.folder,
    env: { PATH: process.env['PATH'], FEDAI_HOME: here.home },
    stdin: new Blob([stdin]),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  return { code: await child.exited, stdout, stderr }
}

describe('an invoice', () => {
  test('is paid: preimage on stdout, money before and after on stderr', async () => {
    const invoice = await shop.invoice(25)
    const had = await shop.has()
    const { code, stdout, stderr } = await pay('--yes', invoice)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/) })
    expect(stderr).toMatch(/pays +25 sat of play money, and at most 10 sat for routing\n/)
    expect(stderr).toMatch(/before .*spent today 0 msat of 1,000 sat · 100,000 sat of play money/)
    expect(stderr).toMatch(/paid 25 sat of play money to 0[23]\w{4}….* · fee 0 msat\n/)
    expect(stderr).toMatch(/after: spent today 25 sat of 1,000 sat · 99,975 sat of play money/)
    expect((await shop.has()) - had).toBe(25_000n)

    const again = await pay('--yes', invoice)
    expect(again).toMatchObject({ code: 0, stdout })
    expect(again.stderr).toContain('paid before')
    expect((await shop.has()) - had).toBe(25_000n)
  })

  test('comes on stdin too, and two accounts of one home pay each other', async () => {
    const friend = { FEDAI_PAY_IDENTITY: 'friend' }
    expect((await here.run(['init', '--as', 'friend', '--yes'])).code).toBe(0)
    const status = async (env = {}) => jsonOf(here.run(['pay', 'status', '--json'], { env }))
    // Looking makes no account; who is about to pay has one.
    expect((await status(friend)).said.balance_msat).toBeNull()
    await here.run(['pay', '--dry-run', await shop.invoice(1)], { env: friend })
    const [mine, theirs] = [(await status()).said, (await status(friend)).said]
    expect(mine.account).not.toBe(theirs.account)
    expect(theirs.balance_msat).toBe('100000000')
    for (const [env, of] of [
      [{}, theirs.account],
      [friend, mine.account],
    ] as const) {
      const other = await merchant(here, of)
      const had = await other.has()
      const invoice = await other.invoice(3)
      const paid = here.run(['pay', '--yes', '-'], { stdin: `lightning:${invoice}\n`, env })
      expect((await paid).code).toBe(0)
      expect((await other.has()) - had).toBe(3_000n)
      await other.wallet.close()
    }
    const [now, then] = [(await status()).said, (await status(friend)).said]
    expect([now.balance_msat, then.balance_msat]).toEqual([mine.balance_msat, theirs.balance_msat])
  })

  test('is only looked at with --dry-run, and nothing is asked without a terminal', async () => {
    const invoice = await shop.invoice(25)
    const had = await shop.has()
    expect(await pay(invoice)).toMatchObject({
      code: 64,
      stdout: '',
      stderr: expect.stringMatching(/no terminal[\s\S]*--yes/),
    })
    const looked = await pay('--dry-run', invoice)
    expect(looked).toMatchObject({ code: 0, stdout: '' })
    expect(looked.stderr).toMatch(/pays +25 sat of play money[\s\S]*nothing was paid\n$/)
    expect((await json('--dry-run', invoice)).said).toMatchObject({ status: 'dry_run' })
    expect(await shop.has()).toBe(had)
  })

  test('over a cap is refused with 77, the flag and the sum that would allow it', async () => {
    const invoice = await shop.invoice(25)
    const had = await shop.has()
    const over = await json('--yes', '--budget', '10sat', '--max-fee', '1sat', invoice)
    expect(over).toMatchObject({ code: 77, error: { code: 'budget.exceeded' } })
    const sum = /--budget (\d+)sat$/.exec(over.error.hint)![1]!
    expect((await json('--dry-run', '--budget', '10sat', invoice)).code).toBe(77)
    // Of what is owed the fee counts in full before, and what it was after.
    const under = `${Number(sum) - 1}sat`
    expect((await json('--yes', '--budget', under, '--max-fee', '1sat', invoice)).code).toBe(77)
    expect(await shop.has()).toBe(had)
    const paid = await json('--yes', '--budget', `${sum}sat`, '--max-fee', '1sat', invoice)
    expect(paid).toMatchObject({ code: 0, said: { status: 'settled', amount_msat: '25000' } })
  })

  test('that cannot be paid is refused, each with its word', async () => {
    const cases: [string[], number, RegExp][] = [
      [['--yes', 'lnbcrt1qqqqqqqqqqqqqq'], 65, /cut off or mistyped[\s\S]*the whole of it/],
      [['--yes', '--net', 'mainnet', await shop.invoice(1)], 65, /for regtest or play money/],
      [
        ['--yes', '--net', 'regtest', await shop.invoice(1)],
        78,
        /no wallet is connected on regtest/,
      ],
      [['--yes', 'lnurl1dp68gurn8ghj7'], 65, /an LNURL/],
      [['--yes', '--budget', '5', await shop.invoice(1)], 64, /--budget is "5"/],
      [['--yes', '--net', 'sims', await shop.invoice(1)], 64, /--net is "sims"/],
      [['--yes', '--max-fee', '1', await shop.invoice(1)], 64, /has no unit/],
      [['--yes'], 64, /no invoice[^]*write - to read stdin/],
      [['--yes', ''], 64, /no invoice/],
      [['--json'], 64, /"code":"usage.missing_argument"/],
      [['stats'], 64, /try: fedai pay status/],
      [['--net', 'mainnet', 'status'], 64, /write it behind/],
    ]
    for (const [args, code, text] of cases) {
      const ran = await pay(...args)
      expect({ args, code: ran.code, stdout: ran.stdout }).toEqual({ args, code, stdout: '' })
      expect(ran.stderr).toMatch(text)
    }
    const gone = await shop.held(1)
    await gone.cancel()
    expect(await pay('--yes', gone.bolt11)).toMatchObject({
      code: 75,
      stderr: expect.stringMatching(/refused the payment; nothing was paid[\s\S]*new invoice/),
    })
    expect((await pay('--yes', gone.bolt11)).code).toBe(75)
  })
})

describe('many at once', () => {
  test('one invoice four times: paid once, and all know', async () => {
    const invoice = await shop.invoice(7)
    const had = await shop.has()
    const lines = `${invoice}\n`.repeat(4)
    const ran = await shell('xargs -P 4 -n 1 "$0" pay --yes', lines)
    expect(ran).toMatchObject({ code: 0 })
    expect((await shop.has()) - had).toBe(7_000n)
    const preimages = ran.stdout.trimEnd().split('\n')
    expect([preimages.length, new Set(preimages).size]).toEqual([4, 1])
  }, 30_000)

  test('many invoices: never over the budget together', async () => {
    using own = place(fedai)
    const stand = await merchant(own)
    const invoices = await Promise.all(Array.from({ length: 8 }, () => stand.invoice(20)))
    const args = ['pay', '--yes', '--budget', '100sat', '--max-fee', '0sat']
    const ran = await Promise.all(invoices.map((it) => own.run([...args, it])))
    expect(ran.map((it) => it.code).toSorted()).toEqual([0, 0, 0, 0, 0, 77, 77, 77])
    expect(BigInt(await stand.has())).toBe(100_000n)
    await stand.wallet.close()
  }, 60_000)
})

test('the history adds up to what left the account', async () => {
  const status = (await json('status')).said
  const friend = (
    await jsonOf(here.run(['pay', 'status', '--json'], { env: { FEDAI_PAY_IDENTITY: 'friend' } }))
  ).said
  const history = (await json('history')).said
  const left = 200_000_000n - BigInt(status.balance_msat) - BigInt(friend.balance_msat)
  expect(history.payments.length).toBeGreaterThan(5)
  const settled = history.payments.filter((it: { state: string }) => it.state === 'settled')
  const sum = settled.reduce(
    (all: bigint, it: { amount_msat: string; fee_msat: string }) =>
      all + BigInt(it.amount_msat) + BigInt(it.fee_msat),
    0n,
  )
  expect(sum).toBe(BigInt(history.paid_msat) + BigInt(history.fees_msat))
  // What the two paid each other is paid, and left neither of them.
  expect(sum - 6_000n).toBe(left)
  expect(left).toBe(BigInt(await shop.has()))
  expect(BigInt(status.spent_today_msat)).toBe(sum)

  // Each with its invoice and preimage: whoever has that file can check it.
  const stdin = JSON.stringify(history)
  expect(await here.run(['verify', '-'], { stdin })).toMatchObject({ code: 0 })
  const { stdout } = await pay('history', '--csv')
  const rows = stdout.split('\r\n')
  expect(rows[0]).toBe('time,net,state,purpose,amount_msat,fee_msat,payee,hash,seq,reason')
  expect(rows.length).toBe(history.payments.length + 2)
  for (const row of rows.slice(1, -1)) expect(row).toMatch(/^[0-9TZ:.-]+,sim,[\w.,]*$/)
  expect((await pay('history', '--csv', '--json')).code).toBe(64)
  const part = await pay('history', '--limit', '2')
  expect(part.stdout.trimEnd().split('\n')).toHaveLength(2)
  expect(part.stderr).toMatch(/2 payments · .* of play money paid\nolder ones are left out/)
  expect(await pay('tabs')).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringContaining('no node'),
  })
})
