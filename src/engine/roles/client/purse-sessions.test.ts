// Keys of single sessions pay nodes, too: what is known of a node's word is known of it under any key.
import { expect, test } from 'bun:test'
import { msat } from '../../base/money.ts'
import { seededRandom } from '../../base/random.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import type { Payer } from '../../payments/payer.ts'
import type { EventId, JobId, PubKey } from '../../protocol/ids.ts'
import { WALLET } from '../../spending/journal.case.ts'
import { MOST_SESSIONS } from '../../spending/ledger.ts'
import { memoryStore } from '../../storage/memory.ts'
import { openPurse } from './purse.ts'

const secp = await openSecp256k1()
const random = seededRandom(5)
const signer = newSigner(secp, random)
const hex = <T extends string>(n: number): T => n.toString(16).padStart(64, '0') as T
const NODE = newSigner(secp, random).pubkey
const SESSION = newSigner(secp, random).pubkey
const OTHER = newSigner(secp, random).pubkey

const never = new Promise<never>(() => {})
const payer: Payer = {
  info: () => never,
  pay: () => never,
  payStatus: () => never,
  close: async () => {},
}

const scene = () => {
  const clock = virtualClock()
  const store = memoryStore().money
  const open = () =>
    openPurse({
      payer,
      wallet: WALLET,
      signer,
      secp,
      net: 'sim',
      clock,
      random,
      store,
      broken: (fault) => {
        throw fault
      },
    })
  return { clock, store, open, views: () => store.spending(clock.now()).views }
}

const receipt = (n: number, cost: bigint) => ({
  id: hex<EventId>(n),
  job: hex<JobId>(100 + n),
  cost: msat(cost),
  ceiling: msat(1_000n),
  disputed: false,
})

/** A statement that charges so much for receipt 1. */
const said = (key: PubKey, cost: bigint, now: number) => ({
  id: hex<EventId>(500),
  node: NODE,
  key,
  n: 1,
  paid: msat(0n),
  used: msat(cost),
  reserved: msat(0n),
  receipt: hex<EventId>(1),
  cost: msat(cost),
  text: '',
  at: now as never,
})

test('a view is marked as a session’s where its key is not that of our tab', async () => {
  const { open, views } = scene()
  const purse = open()
  await purse.charge(NODE, receipt(1, 10n))
  await purse.charge(NODE, receipt(2, 20n), SESSION)
  const marks = new Map(views().map(({ ref, session }) => [ref, session]))
  expect(marks).toEqual(
    new Map([
      [purse.tab(NODE).pubkey, false],
      [SESSION, true],
    ]),
  )
})

test('nor where that key lasts: also where an older fedai had marked it', async () => {
  const { open, views } = scene()
  const first = open()
  await first.charge(NODE, receipt(1, 10n), SESSION)
  await first.close()
  expect(views().map(({ session }) => session)).toEqual([true])
  const purse = open()
  purse.lasts(SESSION)
  expect(purse.view(NODE, SESSION)).toMatchObject({ used: 10n, session: false })
  await purse.charge(NODE, receipt(2, 20n), SESSION)
  await purse.charge(NODE, receipt(3, 30n), OTHER)
  const marks = views().map(({ ref, session }) => [ref, session])
  expect(new Map(marks as never)).toEqual(
    new Map([
      [SESSION, false],
      [OTHER, true],
    ]),
  )
})

test('a statement that is a lie to one session breaks the tab as well', async () => {
  const { open, views, clock } = scene()
  const purse = open()
  await purse.charge(NODE, receipt(1, 10n), SESSION)
  expect(await purse.check(said(SESSION, 10n, clock.now()))).toEqual([])
  expect(purse.view(NODE).broken).toBe(false)
  const other = { ...said(SESSION, 11n, clock.now()), id: hex<EventId>(501) }
  expect(await purse.check(other)).not.toEqual([])
  expect([purse.view(NODE, SESSION).broken, purse.view(NODE).broken]).toEqual([true, true])
  expect(views().every(({ broken }) => broken)).toBe(true)
})

test('a purse that is opened later drops what many sessions left, and nothing else', async () => {
  const { open, views, clock } = scene()
  const first = open()
  await first.charge(NODE, receipt(1, 10n))
  const keys = Array.from({ length: MOST_SESSIONS + 1 }, (_, i) => hex<PubKey>(10_000 + i))
  for (const [i, key] of keys.entries()) {
    await first.charge(NODE, receipt(2 + i, 20n), key)
    if (i === 0) await clock.advance(1)
  }
  await clock.advance(86_400_000 - 1)
  await open().close()
  expect(views()).toHaveLength(MOST_SESSIONS + 2)
  await clock.advance(1)
  const last = open()
  await last.close()
  expect(views()).toHaveLength(MOST_SESSIONS + 1)
  expect(views().some(({ ref }) => ref === keys[0])).toBe(false)
  expect(last.view(NODE, keys[0]).used).toBe(msat(0n))
  expect(last.view(NODE)).toMatchObject({ used: 10n })
})
