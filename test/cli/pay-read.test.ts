// What only looks at money needs a home that can be read, and no more.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unixMs } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { type PubKey, pubKey } from '../../src/engine/protocol/ids.ts'
import { type TabView, openView } from '../../src/engine/spending/ledger.ts'
import { openStore } from '../../src/engine/storage/sqlite.ts'
import { type Place, binary, place } from './cli.ts'
import { jsonOf, merchant } from './pay.ts'

let fedai: string
/** Where everybody can run it: the checkout may be the superuser's alone. */
const bin = mkdtempSync(join(tmpdir(), 'fedai-bin-'))
beforeAll(async () => {
  fedai = join(bin, 'fedai')
  copyFileSync(await binary(), fedai)
  chmodSync(bin, 0o755)
  chmodSync(fedai, 0o755)
}, 120_000)

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const opened: Place[] = []
const fresh = (): Place => {
  const here = place(fedai)
  opened.push(here)
  return here
}
afterAll(() => {
  rmSync(bin, { recursive: true })
  for (const here of opened) {
    setAll(here, 0o700)
    here[Symbol.dispose]()
  }
})

/** All of a home, with a mode; a folder's bits for searching it follow those for reading. */
const setAll = ({ folder, home }: Place, mode: number): void => {
  if (isRoot) chmodSync(folder, 0o755)
  for (const name of ['.', ...readdirSync(home, { recursive: true, encoding: 'utf8' })]) {
    const path = join(home, name)
    chmodSync(path, lstatSync(path).isDirectory() ? mode | 0o100 : mode & 0o600)
    if (isRoot) chownSync(path, NOBODY, NOBODY)
  }
}

/** As the owner of the home; the superuser may write everything. */
const look = (here: Place, ...args: string[]) => {
  const via = isRoot ? ['setpriv', `--reuid=${NOBODY}`, '--clear-groups', '--'] : []
  return here.run(['pay', ...args], { via })
}
const LOOKS = [
  ['status'],
  ['tabs'],
  ['history'],
  ['tabs', '--all', '--statements'],
  ['resolve', '--dry-run'],
]

test('a home in which nothing is yet: said, and left as it was', async () => {
  const here = fresh()
  setAll(here, 0o500)
  for (const args of LOOKS)
    expect({ args, ...(await look(here, ...args)) }).toMatchObject({ args, code: 0 })
  expect((await look(here, 'history')).stderr).toBe('nothing was paid on sim yet\n')
  expect((await look(here, 'tabs')).stderr).toBe('no node was paid for a tab yet\n')
  const status = await look(here, 'status')
  expect(status.stdout).toMatch(/account +none yet · the first payment makes and fills it\n/)
  expect((await jsonOf(look(here, 'status', '--json'))).said).toMatchObject({
    wallet: { kind: 'sim', node: null },
    account: null,
    balance_msat: null,
    error: null,
  })
  // Nor where it could be written.
  const own = fresh()
  for (const args of LOOKS) expect((await own.run(['pay', ...args])).code).toBe(0)
  expect(readdirSync(own.home)).toEqual([])
  expect(existsSync(join(here.home, 'state'))).toBe(false)
})

test('a home that cannot be written says what it says elsewhere, also of a process that was killed', async () => {
  const here = fresh()
  const shop = await merchant(here)
  expect((await here.run(['pay', '--yes', await shop.invoice(7)])).code).toBe(0)
  const held = await shop.held(9)
  const stuck = here.start(['pay', '--yes', held.bolt11])
  await held.paid()
  stuck.signal('SIGKILL')
  await stuck.done
  const all = async (run: (args: string[]) => ReturnType<Place['run']>) =>
    Promise.all(LOOKS.map((args) => run([...args, '--json']).then((it) => ({ args, ...it }))))
  const asUsual = await all((args) => here.run(['pay', ...args]))
  expect(asUsual.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0])
  expect(JSON.parse(asUsual[0]!.stdout)).toMatchObject({
    balance_msat: '99984000',
    spent_today_msat: expect.stringMatching(/^[1-9]/),
    open: [{ amount_msat: '9000' }],
  })
  expect(JSON.parse(asUsual[2]!.stdout).payments).toHaveLength(2)
  await shop.wallet.close()
  const before = readdirSync(here.home, { recursive: true }).toSorted()
  expect(before.some((name) => String(name).endsWith('ledger.db-wal'))).toBe(true)
  setAll(here, 0o500)
  expect(await all((args) => look(here, ...args))).toEqual(asUsual)
  expect(readdirSync(here.home, { recursive: true }).toSorted()).toEqual(before)
}, 30_000)

test('sessions of --tab off that are over are left out, and what went with them is not unused', async () => {
  const here = fresh()
  const store = await openStore(join(here.home, 'state', 'client', 'sim', 'ledger.db'))
  store.money.spending(unixMs(0))
  const view = (n: number, paid: bigint, used: bigint, over: Partial<TabView> = {}) => ({
    ...openView(key(n), key(100 + n), unixMs(1_700_000_000_000)),
    paid: msat(paid),
    used: msat(used),
    ...over,
  })
  const rows = [
    view(1, 10_000n, 4_000n, { seq: 1 }),
    view(2, 10_000n, 10_000n, { seq: 1 }),
    view(3, 9_000n, 2_000n, { session: true }),
    view(4, 9_000n, 9_000n, { session: true }),
    view(5, 0n, 3_000n, { session: true }),
    view(6, 5_000n, 1_000n, { broken: true, session: true }),
    // Only ever paid by `hold`.
    view(7, 2_000n, 1_000n),
  ]
  await store.money.write(rows.map((row) => ({ do: 'put', table: 'views', row })))
  await store.close()
  const tabs = async (...args: string[]) =>
    (await jsonOf(here.run(['pay', 'tabs', '--json', ...args]))).said
  const nodes = (said: { tabs: { node: string }[] }) => said.tabs.map((it) => it.node).toSorted()
  const usual = await tabs()
  expect(nodes(usual)).toEqual([1, 2, 5, 6, 7].map(key))
  expect(usual.unused_msat).toBe('7000')
  const all = await tabs('--all')
  expect(nodes(all)).toEqual([1, 2, 3, 4, 5, 6, 7].map(key))
  expect(all.tabs.filter((it: { past: boolean }) => it.past)).toMatchObject([
    { node: key(3), left_msat: '7000' },
    { node: key(4), left_msat: '0' },
  ])
  expect(all.unused_msat).toBe('7000')
  const plain = await here.run(['pay', 'tabs'])
  expect(plain.stdout.trimEnd().split('\n')).toHaveLength(5)
  expect(plain.stderr).toMatch(/5 tabs · 7 sat of play money paid and unused\n2 sessions .*: --all/)
  const shown = await here.run(['pay', 'tabs', '--all'])
  expect(shown.stdout).toMatch(/^past 7 sat {2}/m)
  expect(shown.stderr).not.toContain('--all')
  const { said } = await jsonOf(here.run(['pay', 'status', '--json']))
  expect(said).toMatchObject({ tabs: 5, unused_msat: '7000' })
})

test('two tabs at one node are two tabs at 1 node; past sessions alone are called so', async () => {
  const here = fresh()
  const path = join(here.home, 'state', 'client', 'sim', 'ledger.db')
  const put = async (rows: readonly TabView[]) => {
    const store = await openStore(path)
    store.money.spending(unixMs(0))
    await store.money.write(rows.map((row) => ({ do: 'put', table: 'views', row })))
    await store.close()
  }
  const view = (ref: number, over: Partial<TabView> = {}): TabView => ({
    ...openView(key(1), key(ref), unixMs(1_700_000_000_000)),
    paid: msat(9_000n),
    ...over,
  })
  await put([view(2, { session: true })])
  expect((await here.run(['pay', 'tabs'])).stderr).toContain('no node was paid for a tab yet')
  const all = await here.run(['pay', 'tabs', '--all'])
  expect(all.stdout).toStartWith('past 9 sat ')
  expect(all.stderr).toBe('all of these are over: no tab is left\n')
  await put([view(3), view(4)])
  const { stdout } = await here.run(['pay', 'status'])
  expect(stdout).toMatch(/^tabs +2 tabs at 1 node · 18 sat paid and unused/m)
})

const key = (n: number): PubKey => pubKey(n.toString(16).padStart(64, '0'))
