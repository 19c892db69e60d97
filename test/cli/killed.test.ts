// kill -9 of client, node and router at any moment of jobs that are paid, in play money: real processes, real disks.
// The sweep at every write and every call is test/network/crash-money.test.ts's; here nobody chose the points.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { freePorts } from '../../scripts/live/lnd/daemon.ts'
import { systemClock } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { seededRandom, systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { balanceOf, faucet } from '../../src/engine/payments/sim/faucet.ts'
import { storeWallet } from '../../src/commands/pay/wallet-file.ts'
import { openClient } from '../../src/engine/roles/client/client.ts'
import type { Client } from '../../src/engine/roles/client/news.ts'
import { parsePinned } from '../../src/engine/identity/keys.ts'
import { wishOf } from '../network/world.ts'
import { type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { type NodeBooks, type UserBooks, readNode, readUser } from './books.ts'
import { type Place, type Ran, type Running, binary, place } from './cli.ts'

const KILLS = Number(process.env['FEDAI_TEST_KILLS'] ?? 60)
const SEED = Number(process.env['FEDAI_TEST_SEED'] ?? 1)
const BUYERS = 40
/** Jobs that are open at once. */
const AT_ONCE = 3
const FUNDS = 1_000_000n
/** At 2,500 msat for a thousand words this many cost nearly all of a first top-up. */
const WORDS = Array.from({ length: 3_900 }, (_, i) => `w${i % 10} `)

const random = seededRandom(SEED)
const pick = <T>(of: readonly T[]): T => of[random.below(of.length)]!
const seams = {
  clock: systemClock,
  random: systemRandom,
  secp: await openSecp256k1(),
  net: 'sim',
} as const

type Buyer = { at: Place; account: string; jobs: Job[] }
type Job = { running: Running; ran: Ran | undefined; begun: number }

let fedai: string
let here: Place
let server: FakeOpenai
let ledger: string
let pinned: string
const buyers: Buyer[] = []
const daemons: Record<'router' | 'node', Running | undefined> = {
  router: undefined,
  node: undefined,
}
const [port] = freePorts(1)
let watcher: Client | undefined

const START = {
  router: () => ['serve', 'router', '--listen', `127.0.0.1:${port}`, '--json'],
  node: () =>
    `serve node --json --router ${pinned} --queue 4 --runner openai=${server.url}`.split(' '),
}

/** Starts it, and waits until somebody can buy: a router that was just started knows of no node. */
const start = async (role: 'router' | 'node'): Promise<void> => {
  const running = here.start(START[role]())
  daemons[role] = running
  await running.until(/"type":"ready"/)
  if (role === 'router') ({ pinned } = JSON.parse(running.stdout()))
  if (!daemons.node) return
  watcher ??= await openClient({ router: parsePinned(pinned), net: 'sim' })
  const since = performance.now()
  while (
    !(await watcher.offers(wishOf()).then(
      () => true,
      () => false,
    ))
  ) {
    if (performance.now() - since > 10_000) throw new Error('nobody sells')
    await Bun.sleep(10)
  }
}

const kill = async (running: Running): Promise<void> => {
  running.signal('SIGKILL')
  await running.done
}

beforeAll(async () => {
  fedai = await binary()
  here = place(fedai)
  server = fakeOpenai({ words: WORDS })
  ledger = join(here.home, 'state', 'play-money.db')
  await start('router')
  await start('node')
  for (let n = 0; n < BUYERS; n++) {
    const account = `buyer-${n}`
    const at = place(fedai)
    await faucet({ path: ledger, account }, msat(FUNDS), seams)
    await storeWallet('sim', `sim:${ledger}?account=${account}`, { FEDAI_HOME: at.home })
    buyers.push({ at, account, jobs: [] })
  }
}, 180_000)

afterAll(async () => {
  await watcher?.close()
  for (const running of Object.values(daemons)) if (running) await kill(running)
  await server.stop()
  for (const { at } of buyers) at[Symbol.dispose]()
  here[Symbol.dispose]()
})

const ask = (buyer: Buyer, timing: string, tokens: number): Job => {
  const running = buyer.at.start([
    ...`request --json --router ${pinned} --timing ${timing} --max-tokens ${tokens}`.split(' '),
    ...'--deadline 15s --wait 10s Count'.split(' '),
  ])
  const job: Job = { running, ran: undefined, begun: performance.now() }
  void running.done.then((ran) => (job.ran = ran))
  buyer.jobs.push(job)
  return job
}

const isOpen = ({ ran }: Job): boolean => ran === undefined
const openJobs = (): Job[] => buyers.flatMap(({ jobs }) => jobs.filter(isOpen))

/** Keeps some jobs open, of buyers that have none. */
const refill = (): void => {
  while (openJobs().length < AT_ONCE) {
    const idle = buyers.filter(({ jobs }) => !jobs.some(isOpen))
    // The least served first: who pays for the first time pays in any case.
    const least = Math.min(...idle.map(({ jobs }) => jobs.length))
    const buyer = pick(idle.filter(({ jobs }) => jobs.length === least))
    ask(buyer, pick(['before', 'stream']), pick([64, WORDS.length, WORDS.length]))
  }
}

/** What every party wrote, and what really moved. */
const readAll = async () => {
  const users: (UserBooks & { account: string })[] = []
  for (const { at, account } of buyers) users.push({ account, ...(await readUser(at, 'sim')) })
  const db = new Database(ledger, { readonly: true, safeIntegers: true })
  type Settled = { hash: string; payee: string; payer: string; msat: bigint }
  const settled = db
    .query<Settled, []>(`SELECT hash, payee, payer, msat FROM invoices WHERE state = 'settled'`)
    .all()
  const account = settled[0]!.payee
  const moves = db
    .query<{ hash: string; n: bigint }, [string]>(
      'SELECT hash, count(*) AS n FROM moves WHERE taker = ? AND hash IS NOT NULL GROUP BY hash',
    )
    .all(account)
  db.close()
  const taken = await balanceOf({ path: ledger, account }, seams)
  return { books: await readNode(here), users, settled, moves, taken }
}

const sum = (of: readonly bigint[]): bigint => of.reduce((all, it) => all + it, 0n)

/** What jobs of a process that was killed hold of its tab is free within two minutes, as it is told. */
const buyOnceMore = async (buyer: Buyer): Promise<{ code: number; error: string | null }> => {
  const until = performance.now() + 120_000
  for (;;) {
    const { code, stdout } = await ask(buyer, 'before', 64).running.done
    const error: string | null = JSON.parse(stdout).error?.code ?? null
    if (error !== 'tab.reserved' || performance.now() > until) return { code, error }
    await Bun.sleep(1_000)
  }
}

type Receipt = { job: string; status: string; cost: string }
const receiptsOf = ({ kept }: NodeBooks): Receipt[] =>
  kept
    .filter(({ kind }) => kind === 'receipt')
    .map(({ text }) => JSON.parse(JSON.parse(text).content))

test(`${KILLS} times kill -9: nothing is paid twice, lost or served twice`, async () => {
  const calm = ask(buyers[0]!, 'before', 64)
  expect((await calm.running.done).code).toBe(0)
  const usual = performance.now() - calm.begun
  const killed = { client: 0, node: 0, router: 0 }
  const since = performance.now()
  for (let n = 0; n < KILLS; n++) {
    refill()
    await Bun.sleep(random.below(Math.ceil(usual * 1.2)))
    const victim = pick(['client', 'node', 'router'] as const)
    const open = openJobs()
    if (victim === 'client') {
      if (open.length > 0) await kill(pick(open).running)
    } else {
      await kill(daemons[victim]!)
      await start(victim)
    }
    killed[victim]++
  }
  await Promise.all(openJobs().map(({ running }) => running.done))
  const seconds = (performance.now() - since) / 1000
  const during = buyers.flatMap(({ jobs }) => jobs.map(({ ran }) => ran!.code))

  // Everybody asks what became of the payments that were open, and buys once more.
  const last: { code: number; open: number; error: string | null }[] = []
  for (let n = 0; n < buyers.length; n += AT_ONCE)
    await Promise.all(
      buyers.slice(n, n + AT_ONCE).map(async (buyer) => {
        const resolved = await buyer.at.run(['pay', 'resolve', '--json'])
        const { open } = JSON.parse(resolved.stdout)
        expect([0, 80]).toContain(resolved.code)
        last.push({ open, ...(await buyOnceMore(buyer)) })
      }),
    )
  // What is paid behind the last jobs is counted a moment later, or when the node begins again.
  for (let n = 0; n < 150; n++) {
    const { books, taken } = await readAll()
    if (sum(books.tabs.map((it) => it.paid)) === taken) break
    await Bun.sleep(100)
  }
  for (const role of ['node', 'router'] as const) {
    daemons[role]!.signal('SIGTERM')
    expect((await daemons[role]!.done).code).toBe(0)
    daemons[role] = undefined
  }

  const { books, users, settled, moves, taken } = await readAll()
  const payments = users.flatMap((it) => it.payments)
  process.stderr.write(
    `seed ${SEED}: killed ${JSON.stringify(killed)} in ${seconds.toFixed(1)} s; ${during.length} jobs, ` +
      `${during.filter((code) => code === 0).length} ended well; ${settled.length} payments\n`,
  )
  // Whoever wrote a payment down and died before the wallet heard of it waits until its invoice has expired, unless
  // there is enough on the tab without it.
  for (const { code, open, error } of last)
    if (open === 0 || code === 0) expect([code, error]).toEqual([0, null])
    else expect([code, error]).toEqual([80, expect.stringMatching(/^payment\.(open|unknown)$/)])

  // What moved is what the node has, each payment once, and all of it is on tabs.
  expect(taken).toBe(msat(sum(settled.map((it) => it.msat))))
  expect([moves.length, moves.every(({ n }) => n === 1n)]).toEqual([settled.length, true])
  expect(sum(books.tabs.map((it) => it.paid))).toBe(taken)
  for (const { account, payments: own, views } of users) {
    const mine = settled.filter(({ payer }) => payer === account)
    const paid = own.filter(({ state }) => state === 'settled')
    expect(paid.map(({ hash }) => String(hash)).toSorted()).toEqual(
      mine.map(({ hash }) => hash).toSorted(),
    )
    expect(new Set(paid.map(({ ref, seq }) => `${ref} ${seq}`)).size).toBe(paid.length)
    expect(sum(views.map((it) => it.paid))).toBe(sum(mine.map((it) => it.msat)))
    expect(views.some(({ broken }) => broken)).toBe(false)
  }

  // What was charged is what receipts say, and each job has one that counts.
  const receipts = receiptsOf(books)
  const well = receipts.filter(({ status }) => status === 'ok').map(({ job }) => job)
  expect(new Set(well).size).toBe(well.length)
  for (const tab of books.tabs) {
    const said = books.statements.get(tab.key)!
    expect(said.map(({ n }) => n)).toEqual(said.map((_, i) => i + 1))
    expect([sum(said.map((it) => it.cost)), tab.reserved]).toEqual([tab.used, msat(0n)])
    expect(tab.used <= tab.paid + tab.credit).toBe(true)
    const view = users.flatMap((it) => it.views).find(({ ref }) => ref === tab.key)!
    expect(view.paid).toBe(tab.paid)
    expect(view.used <= tab.used).toBe(true)
    if (view.n === tab.n) expect(view.used).toBe(tab.used)
  }
  // What a client was given and charged is in the node's books.
  for (const { ran } of buyers.flatMap(({ jobs }) => jobs)) {
    if (ran!.code !== 0) continue
    const { job, cost_msat: cost, output } = JSON.parse(ran!.stdout)
    expect(receipts.filter((it) => it.job === job)).toMatchObject([{ status: 'ok', cost }])
    expect(WORDS.join('').startsWith(output.message.content)).toBe(true)
  }
  expect(payments.length).toBeGreaterThan(BUYERS / 2)
}, 300_000)
