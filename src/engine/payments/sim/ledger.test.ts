// The file: who may read it, what of it is on the disk, and who else has it open.
import { afterAll, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { seededRandom } from '../../base/random.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import type { PayLimits } from '../payer.ts'
import { faultOf, newTerms, sats } from '../specimen.conformance.ts'
import { balanceOf, faucet } from './faucet.ts'
import { newLedgers } from './ledger.ts'
import type { SimSeams } from './open.ts'
import { openSimPayer } from './payer.ts'
import { SUPPLY } from './schema.ts'
import { openSimWallet } from './wallet.ts'

const LIMITS: PayLimits = { maxFee: msat(0n), timeoutMs: 1_000 }
const secp = await openSecp256k1()
const root = mkdtempSync(join(tmpdir(), 'fedai-sim-'))
afterAll(() => rmSync(root, { recursive: true }))
let [files, seed] = [0, 0]
const newPath = (): string => join(root, String(files++), 'play.db')
const seamsOf = (flush?: () => Promise<void>): SimSeams => ({
  clock: systemClock,
  random: seededRandom(++seed),
  secp,
  net: 'sim',
  ledgers: newLedgers(flush),
})
const quick = (): SimSeams => seamsOf(async () => {})
const world = { now: systemClock.now, pass: Bun.sleep, settleTimeMs: 100, secrets: [] }
const wish = () => ({ msat: sats(21), terms: newTerms(1), expirySec: 60 })

test('only its owner can read it, the journal included', async () => {
  const [path, seams] = [newPath(), quick()]
  const wallet = await openSimWallet({ path, account: 'a' }, seams)
  await wallet.createInvoice(wish())
  const modes = ['', '-wal', '-shm'].map((end) => statSync(path + end).mode & 0o777)
  expect(modes).toEqual([0o600, 0o600, 0o600])
  await wallet.close()
  expect(existsSync(`${path}-wal`)).toBe(false)
})

test('a database of something else is left alone', async () => {
  const path = join(root, 'other.db')
  const other = new Database(path)
  other.run('CREATE TABLE money (n); PRAGMA user_version = 1')
  other.close()
  const open = openSimWallet({ path, account: 'a' }, quick())
  expect(await open.catch((error: { code: string }) => error.code)).toBe('wallet.ledger')
  writeFileSync(path, 'no database at all, but long enough to be looked at'.repeat(20))
  const again = openSimWallet({ path, account: 'a' }, quick())
  expect(await again.catch((error: { code: string }) => error.code)).toBe('ledger.damaged')
})

test('all is there after the last one closed it, keys included', async () => {
  const path = newPath()
  const first = quick()
  const wallet = await openSimWallet({ path, account: 'payee' }, first)
  await faucet({ path, account: 'payer' }, sats(100), first)
  const { bolt11, paymentHash } = await wallet.createInvoice(wish())
  const { nodeKey } = await wallet.info()
  await wallet.close()

  const second = quick()
  const payer = await openSimPayer({ path, account: 'payer' }, second)
  expect((await payer.pay(bolt11, LIMITS)).state).toBe('settled')
  const again = await openSimWallet({ path, account: 'payee' }, second)
  expect((await again.info()).nodeKey).toBe(nodeKey)
  expect(await again.lookup(paymentHash)).toEqual({
    paymentHash,
    state: 'settled',
    received: sats(21),
  })
  expect(await balanceOf({ path, account: 'payer' }, second)).toBe(sats(79))
  await payer.close()
  await again.close()
})

test('who closed it does nothing more, and disturbs nobody', async () => {
  const [path, seams] = [newPath(), quick()]
  const [one, two] = [
    await openSimWallet({ path, account: 'a' }, seams),
    await openSimWallet({ path, account: 'a' }, seams),
  ]
  const payer = await openSimPayer({ path, account: 'b' }, seams)
  const told: unknown[] = []
  one.subscribe((status) => told.push(status))
  const { bolt11, paymentHash } = await two.createInvoice(wish())
  await faucet({ path, account: 'b' }, sats(100), seams)
  await one.close()
  await one.close()
  await payer.close()
  const calls = [
    () => one.createInvoice(wish()),
    () => one.lookup(paymentHash),
    () => payer.pay(bolt11, LIMITS),
  ]
  for (const call of calls) expect((await faultOf(world, call())).code).toBe('wallet.unreachable')
  expect((await two.lookup(paymentHash)).state).toBe('open')
  expect(told).toEqual([])
  expect(await balanceOf({ path, account: 'b' }, seams)).toBe(sats(100))
  await two.close()
})

test('what is said to be settled is on the disk: it waits for a slow one', async () => {
  let disk = Promise.resolve()
  const [path, seams] = [newPath(), seamsOf(() => disk)]
  const wallet = await openSimWallet({ path, account: 'payee' }, seams)
  const payer = await openSimPayer({ path, account: 'payer' }, seams)
  await faucet({ path, account: 'payer' }, sats(100), seams)
  const { bolt11 } = await wallet.createInvoice(wish())
  const slow = Promise.withResolvers<void>()
  disk = slow.promise
  let said = ''
  const told: string[] = []
  wallet.subscribe(({ state }) => told.push(state))
  const paying = payer.pay(bolt11, LIMITS).then(({ state }) => (said = state))
  await Bun.sleep(20)
  expect(said).toBe('')
  expect(told).toEqual([])
  slow.resolve()
  await paying
  expect(said).toBe('settled')
  await Promise.resolve()
  expect(told).toEqual(['settled'])
  await wallet.close()
  await payer.close()
})

test('of a disk that failed in between nobody knows, and nothing more is taken', async () => {
  let disk = (): Promise<void> => Promise.resolve()
  const [path, seams] = [newPath(), seamsOf(() => disk())]
  const wallet = await openSimWallet({ path, account: 'payee' }, seams)
  const payer = await openSimPayer({ path, account: 'payer' }, seams)
  await faucet({ path, account: 'payer' }, sats(100), seams)
  const { bolt11, paymentHash } = await wallet.createInvoice(wish())
  disk = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }))
  expect(await payer.pay(bolt11, LIMITS)).toEqual({ state: 'unknown' })
  const { preimage } = new Database(path, { readonly: true })
    .query<{ preimage: string }, []>('SELECT preimage FROM invoices')
    .get()!
  const fault = await faultOf(world, wallet.createInvoice(wish()), preimage)
  expect(fault.code).toBe('wallet.unreachable')
  expect(await payer.pay(bolt11, LIMITS)).toEqual({ state: 'unknown' })
  await wallet.close()
  await payer.close()

  // After a restart the file says what became of it; here the memory of the machine had it all.
  const after = await openSimPayer({ path, account: 'payer' }, quick())
  expect((await after.payStatus(paymentHash, bolt11))?.state).toBe('settled')
  await after.close()
})

const SPENDER = join(import.meta.dir, '../../../../test/fixtures/sim-spender.ts')

test('processes that spend at once, and are killed, neither lose nor make a payment', async () => {
  const [path, seams] = [newPath(), quick()]
  const wallet = await openSimWallet({ path, account: 'payee' }, seams)
  const told = new Set<string>()
  wallet.subscribe(({ state, paymentHash }) => state === 'settled' && told.add(paymentHash))
  const said: string[] = []
  for (let round = 0; round < 2; round++) {
    const spenders = ['one', 'two'].map((account) =>
      Bun.spawn([process.execPath, SPENDER, path, account], { stdout: 'pipe', stderr: 'inherit' }),
    )
    const outputs = spenders.map((it) => new Response(it.stdout).text())
    // Until both are in the middle of it, counted by what this process hears of them.
    const before = told.size
    const limit = Date.now() + 20_000
    while (told.size < before + 300 && Date.now() < limit) await Bun.sleep(5)
    for (const spender of spenders) spender.kill('SIGKILL')
    for (const output of await Promise.all(outputs)) said.push(...output.split('\n').slice(0, -1))
  }
  expect(said.length).toBeGreaterThan(300)
  expect(new Set(said).size).toBe(said.length)
  const book = new Database(path, { readonly: true, safeIntegers: true })
  const settled = new Set(
    book
      .query<{ hash: string }, []>(`SELECT hash FROM invoices WHERE state = 'settled'`)
      .all()
      .map((it) => it.hash),
  )
  for (const hash of said) expect(settled.has(hash)).toBe(true)
  // Nobody writes any more: the payee's wallet looks until it has seen all of them.
  const limit = Date.now() + 20_000
  while (told.size < settled.size && Date.now() < limit) await Bun.sleep(1)
  // Killed between the commit and the word of it: settled, and told to the payee, who asks its wallet.
  expect(told).toEqual(settled)
  const sum = book.query<{ n: bigint }, []>('SELECT sum(msat) AS n FROM accounts').get()!.n
  expect(sum).toBe(SUPPLY)
  expect(await balanceOf({ path, account: 'payee' }, seams)).toBe(sats(settled.size))
  book.close()
  await wallet.close()
}, 60_000)
