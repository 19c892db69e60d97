import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../src/engine/base/bytes.ts'
import { BOUNDS } from '../src/engine/base/bounds.ts'
import { systemClock, unixMs } from '../src/engine/base/clock.ts'
import type { Fault } from '../src/engine/base/fault.ts'
import { silentLog } from '../src/engine/base/log.ts'
import { msat } from '../src/engine/base/money.ts'
import { systemRandom } from '../src/engine/base/random.ts'
import type { Secp256k1 } from '../src/engine/identity/seams.ts'
import { newSigner } from '../src/engine/identity/signer.ts'
import type { BookedInvoice } from '../src/engine/metering/invoice-book-rows.ts'
import { faucet } from '../src/engine/payments/sim/faucet.ts'
import { openSimPayer } from '../src/engine/payments/sim/payer.ts'
import { openSimWallet } from '../src/engine/payments/sim/wallet.ts'
import { type PubKey, bootId } from '../src/engine/protocol/ids.ts'
import { ReplayCache } from '../src/engine/protocol/replay.ts'
import { openPurse } from '../src/engine/roles/client/purse.ts'
import { Desk } from '../src/engine/roles/desk.ts'
import { Loop } from '../src/engine/roles/loop.ts'
import { decide } from '../src/engine/roles/node/decide.ts'
import { openMoney } from '../src/engine/roles/node/money.ts'
import { PLAY_PRICES } from '../src/engine/roles/node/prices.ts'
import { signSheet } from '../src/engine/roles/node/sheet.ts'
import { type NodeEffect, type NodeEvent, newNodeState } from '../src/engine/roles/node/state.ts'
import type { LedgerStore, MoneyStore } from '../src/engine/storage/money-store.ts'
import { openStore } from '../src/engine/storage/sqlite.ts'

/** How many payments, and what they cost the two ledgers: transactions, counted by SQLite itself. */
export type Books = Readonly<{ payments: number; seconds: number; payer: number; payee: number }>

const AMOUNT = msat(10_000n)
const CAPS = { maxPrice: null, budget: null, exposure: null }

/**
 * Pays into tabs of one node from one purse, so many at once: the payer's journal and the payee's book as they are in a
 * client and a node, each in a ledger of its own on the disk. What is signed and sent between them is left out.
 * @param folder for the ledgers
 */
export const measureBooks = async (
  { secp, folder }: Readonly<{ secp: Secp256k1; folder: string }>,
  { payments, atOnce }: Readonly<{ payments: number; atOnce: number }>,
): Promise<Books> => {
  const play = join(folder, 'play.db')
  const paths = {
    payer: join(folder, 'payer', 'ledger.db'),
    payee: join(folder, 'payee', 'ledger.db'),
  }
  const node = await openPayee(secp, play, await openStore(paths.payee))
  const client = await openPayer(secp, play, await openStore(paths.payer), payments)
  const before = { payer: transactions(paths.payer), payee: transactions(paths.payee) }
  const began = performance.now()
  let left = payments
  const lane = async (): Promise<void> => {
    const key = toHex(systemRandom.bytes(32)) as PubKey
    for (let settled = 0; left-- > 0; settled++) {
      const {
        hash,
        bolt11,
        terms,
        ref,
        seq,
        purpose,
        msat: sum,
        expiresAt,
      } = await node.ask(key, settled)
      const payment = { hash, bolt11, terms, ref, seq, purpose, msat: sum, expiresAt }
      const booked = node.settled(hash)
      const wanted = { ...payment, payee: node.key, maxFee: msat(0n) }
      const { state } = await client.purse.pay({ payment: wanted, caps: CAPS, price: AMOUNT })
      if (state !== 'settled') throw new Error(`a payment is ${state}`)
      await booked
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  const seconds = (performance.now() - began) / 1_000
  const payer = transactions(paths.payer) - before.payer
  const payee = transactions(paths.payee) - before.payee
  await client.close()
  await node.close()
  return { payments, seconds, payer, payee }
}

/** How many transactions of a ledger were committed: the header of its -shm counts them (SQLite, "WAL-index header"). */
const transactions = (path: string): number =>
  new DataView(readFileSync(`${path}-shm`).buffer).getUint32(8, true)

const broken = (fault: Fault): never => {
  throw fault
}

const openPayer = async (secp: Secp256k1, play: string, store: LedgerStore, payments: number) => {
  const seams = { clock: systemClock, random: systemRandom, secp, net: 'sim' } as const
  const account = { path: play, account: 'payer' }
  await faucet(account, msat(AMOUNT * BigInt(payments)), seams)
  const payer = await openSimPayer(account, seams)
  const signer = newSigner(secp, systemRandom)
  const purse = openPurse({ ...seams, store: store.money, payer, wallet: 'sim', signer, broken })
  const close = async () => {
    await purse.close()
    await payer.close()
    await store.close()
  }
  return { purse, close }
}

/** The mind of a node with its till and its wallet, and no link to anybody. */
const openPayee = async (secp: Secp256k1, play: string, store: LedgerStore) => {
  const signer = newSigner(secp, systemRandom)
  const seams = { clock: systemClock, random: systemRandom, secp, net: 'sim' } as const
  const wallet = await openSimWallet({ path: play, account: 'payee' }, seams)
  const heard = hearing(store.money)
  const rows = PLAY_PRICES
  const { till } = await openMoney(
    { wallet, store: heard.money },
    { signer, secp },
    systemClock.now(),
  )
  const state = newNodeState({
    signer,
    net: 'sim',
    bounds: BOUNDS,
    boot: bootId(toHex(systemRandom.bytes(16))),
    queue: 0,
    rows,
    sheet: signSheet({ signer, net: 'sim', rows, pay: till.pay }, systemClock.now()),
    name: null,
    software: 'bench',
    head: null,
    till,
    runners: [],
  })
  const loop = new Loop<typeof state, NodeEvent, NodeEffect>({
    state,
    decide: (current, event, now) => decide(current, event, now, systemRandom),
    deadlines: (current) => current.deadlines,
    other: (effect) => void (effect.do === 'wallet' && desk.perform(effect)),
    rules: {
      verifier: secp,
      net: 'sim',
      isMe: (key) => key === signer.pubkey,
      startedAt: unixMs(0),
      replay: new ReplayCache(1_000),
      freshnessMs: BOUNDS.freshnessMs,
    },
    clock: systemClock,
    store,
    money: heard.money,
    log: silentLog,
    broken,
  })
  const desk = new Desk({
    wallet,
    binds: true,
    isKnown: (hash) => store.money.invoice(hash) !== null,
    net: 'sim',
    clock: systemClock,
    log: silentLog,
    tell: (event) => loop.feed({ type: 'wallet', event }),
  })
  return {
    key: signer.pubkey,
    ask: (key: PubKey, settled: number) => {
      const issued = heard.next(`issued ${key}`)
      const fund = { payer: key, ref: key, purpose: 'topup', msat: AMOUNT, hold: false } as const
      loop.feed({ type: 'wallet', event: { type: 'fund', settled, ...fund } })
      return issued
    },
    settled: (hash: string) => heard.next(`settled ${hash}`),
    close: async () => {
      loop.stop()
      await desk.close()
      await store.close()
    },
  }
}

/** The books of a payee, and who waits until an invoice is written there as issued or settled. */
const hearing = (money: MoneyStore) => {
  const waiting = new Map<string, (invoice: BookedInvoice) => void>()
  return {
    next: (what: string) =>
      new Promise<BookedInvoice>((resolve) => void waiting.set(what, resolve)),
    money: {
      ...money,
      write: async (changes) => {
        await money.write(changes)
        for (const { table, row } of changes) {
          if (table !== 'invoices') continue
          const what = row.state === 'issued' ? `issued ${row.ref}` : `settled ${row.hash}`
          waiting.get(what)?.(row)
          waiting.delete(what)
        }
      },
    } satisfies MoneyStore,
  }
}
