// kill -9 of `fedai pay top-up` at points of its life, then the same command again: real processes, real disks, play money.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { storeWallet } from '../../src/commands/pay/wallet-file.ts'
import { systemClock } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { faucet } from '../../src/engine/payments/sim/faucet.ts'
import { type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { readNode, readUser } from './books.ts'
import { type Place, type Running, binary, place } from './cli.ts'
import { jsonOf } from './pay.ts'

const KILLS = Number(process.env['FEDAI_TEST_TOP_UP_KILLS'] ?? 3)
const SAT = 100_000n

const seams = {
  clock: systemClock,
  random: systemRandom,
  secp: await openSecp256k1(),
  net: 'sim',
} as const

let fedai: string
let here: Place
let server: FakeOpenai
let ledger: string
let pinned = ''
let node = ''
const daemons: Running[] = []
const buyers: Place[] = []

beforeAll(async () => {
  fedai = await binary()
  here = place(fedai)
  server = fakeOpenai()
  ledger = join(here.home, 'state', 'play-money.db')
  const router = here.start(['serve', 'router', '--listen', '127.0.0.1:0', '--json'])
  daemons.push(router)
  await router.until(/"type":"ready"/)
  ;({ pinned } = JSON.parse(router.stdout()))
  const runner = `openai=${server.url}`
  daemons.push(here.start(['serve', 'node', '--json', '--router', pinned, '--runner', runner]))
  await router.until(/"node\.joined"/, 'stderr')
  const asked = here.run(['request', '--dry-run', '--json', '--router', pinned, 'hello'])
  node = (await jsonOf(asked)).said.offers[0].node
}, 180_000)

afterAll(async () => {
  for (const it of daemons) it.signal('SIGKILL')
  await Promise.all(daemons.map((it) => it.done))
  await server.stop()
  for (const at of [...buyers, here]) at[Symbol.dispose]()
})

const ARGS = () =>
  `pay top-up --yes ${node} 100sat --router ${pinned} --max-exposure 1000sat`.split(' ')

/** A user with a wallet and a home of their own. */
const buyer = async (n: number): Promise<{ at: Place; account: string }> => {
  const account = `buyer-${n}`
  const at = place(fedai)
  await faucet({ path: ledger, account }, msat(1_000_000n), seams)
  await storeWallet('sim', `sim:${ledger}?account=${account}`, { FEDAI_HOME: at.home })
  buyers.push(at)
  return { at, account }
}

/** Both sums of one reading: `n`, and `own` that it is to be equal to. */
const count = (path: string, sql: string, ...values: string[]): number => {
  const { n, own } = look(path, sql, values)
  expect(own).toBe(n)
  return n
}

/** Nothing of a file that is not there, or is being made at this moment. */
const look = (path: string, sql: string, values: string[]): { n: number; own: number } => {
  const none = { n: 0, own: 0 }
  if (!existsSync(path)) return none
  const db = new Database(path, { readonly: true })
  try {
    return db.query<typeof none, string[]>(sql).get(...values) ?? none
  } catch {
    return none
  } finally {
    db.close()
  }
}

/** What left an account, as the money itself has it: payments, and each of them once. */
const moved = (account: string): number =>
  count(
    ledger,
    `SELECT count(*) AS n, count(DISTINCT hash) AS own FROM moves
     WHERE giver = ? AND hash IS NOT NULL`,
    account,
  )

const journal = (at: Place): string => join(at.home, 'state', 'client', 'sim', 'ledger.db')
/** Payments in the books of a user; no two have the same number. */
const booked = (at: Place, where: string): number =>
  count(
    journal(at),
    `SELECT count(*) AS n, count(DISTINCT ref || seq) AS own FROM payments WHERE ${where}`,
  )

type User = Awaited<ReturnType<typeof buyer>>
/** When it is killed: what must be so first. */
const POINTS: readonly (readonly [string, (user: User) => boolean])[] = [
  ['soon after its start', ({ at }) => existsSync(journal(at))],
  ['when its payment is written down', ({ at }) => booked(at, 'TRUE') > 0],
  ['when the money has moved', ({ account }) => moved(account) > 0],
  ['when it knows that it settled', ({ at }) => booked(at, `state = 'settled'`) > 0],
]

let users = 0
const seen: string[] = []

test.each(POINTS)(
  `killed %s, ${KILLS} times: the same command again pays what is missing, or says that it is paid`,
  async (_, isThere) => {
    for (let n = 0; n < KILLS; n++) {
      const user = await buyer(users++)
      const { at, account } = user
      const first = at.start(ARGS())
      const life = { over: false }
      void first.done.then(() => (life.over = true))
      while (!isThere(user) && !life.over) await Bun.sleep(0)
      first.signal('SIGKILL')
      await first.done

      // What the command that comes next can know, and what is so.
      const { payments } = await readUser(at, 'sim')
      expect(payments.length).toBeLessThanOrEqual(1)
      const state = payments[0]?.state ?? 'none'
      const had = moved(account)
      const again = await at.run([...ARGS(), '--json'])
      const said = again.stdout === '' ? null : JSON.parse(again.stdout)
      seen.push(`${state} ${had}`)
      if (state === 'settled') {
        // The user is told, and means it: --yes stands there.
        expect(said).toMatchObject({ status: 'paid', last: { amount_msat: String(SAT) } })
        expect([had, moved(account)]).toEqual([1, 2])
      } else if (had === 1) {
        expect(said).toMatchObject({ status: 'paid_before', amount_msat: String(SAT) })
        expect(moved(account)).toBe(1)
      } else if (state === 'none') {
        expect(said).toMatchObject({ status: 'paid', last: null })
        expect(moved(account)).toBe(1)
      } else {
        // Written, and never sent: nobody knows until its invoice has expired.
        expect([again.code, moved(account)]).toEqual([80, 0])
      }
      const { views, payments: all } = await readUser(at, 'sim')
      const paid = all.filter((it) => it.state === 'settled')
      expect(paid).toHaveLength(moved(account))
      expect(new Set(all.map((it) => it.wallet)).size).toBe(1)
      const sum = views.reduce((total, it) => total + it.paid, 0n)
      expect(sum).toBe(SAT * BigInt(paid.length))
    }
  },
  120_000,
)

test('what moved is on tabs, and in the books of both', async () => {
  process.stderr.write(`${seen.length} killed: ${seen.toSorted().join(', ')}\n`)
  expect(new Set(seen).size).toBeGreaterThan(1)
  for (const it of daemons.toReversed()) {
    it.signal('SIGTERM')
    expect((await it.done).code).toBe(0)
  }
  const { tabs } = await readNode(here)
  for (const at of buyers)
    for (const { ref, paid } of (await readUser(at, 'sim')).views)
      expect(tabs.find(({ key }) => key === ref)?.paid).toBe(paid)
}, 30_000)
