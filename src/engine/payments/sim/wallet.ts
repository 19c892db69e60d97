import { sha256, toHex } from '../../base/bytes.ts'
import { type UnixSec, toSec } from '../../base/clock.ts'
import { encodeBolt11 } from '../../protocol/bolt11/encode.ts'
import { paymentHash, preimage } from '../../protocol/ids.ts'
import { termsHash } from '../../protocol/terms.ts'
import type { InvoiceStatus, InvoiceWish, Issued, Wallet } from '../wallet.ts'
import {
  PAGE,
  addInvoice,
  cancel,
  changedAfter,
  invoiceOf,
  newest,
  refused,
  settleHeld,
  statusOf,
} from './invoices.ts'
import { type SimAccount, type SimSeams, asWallet, openSim } from './open.ts'
import { watchLedger } from './watch.ts'

/**
 * The receiving half of an account of play money. Its invoices are real BOLT 11 (`lnbcrt…`), signed by the
 * account's own key. What another process paid is seen within 50 ms; a power cut may take back what was seen in
 * its last ms, since only the process that paid waits for the disk.
 * @throws Fault `config` `wallet.net` | `wallet.account` | `wallet.ledger`, `io` `ledger.*`
 */
export const openSimWallet = async (of: SimAccount, seams: SimSeams): Promise<Wallet> => {
  const { clock, random, secp } = seams
  const { ledger, secret, info } = await openSim(of, seams)
  const ends = new Set<() => void>()

  const createInvoice = async (wish: InvoiceWish): Promise<Issued> => {
    checkWish(wish)
    const fresh = wish.hold ? null : random.bytes(32)
    const hash = fresh ? paymentHash(toHex(sha256(fresh))) : wish.hold!
    const timestamp = toSec(clock.now())
    const bolt11 = encodeBolt11(
      {
        // The prefix of regtest, and no other: there is no way to ask for one.
        prefix: 'bcrt',
        msat: wish.msat,
        timestamp,
        expirySec: wish.expirySec,
        paymentHash: hash,
        paymentSecret: toHex(random.bytes(32)),
        description: null,
        descriptionHash: termsHash(wish.terms),
      },
      (digest) => secp.signRecoverable(digest, secret),
    )
    await ledger.write(() =>
      addInvoice(ledger, {
        hash,
        payee: of.account,
        bolt11,
        msat: wish.msat,
        expires: endOf(timestamp, wish.expirySec),
        preimage: fresh && preimage(toHex(fresh)),
      }),
    )
    return { bolt11, paymentHash: hash }
  }

  const subscribe = (changed: (status: InvoiceStatus) => void): (() => void) => {
    let seen = newest(ledger)
    const look = (): void => {
      for (let full = true; full;) {
        const news = changedAfter(ledger, of.account, seen)
        full = news.length === PAGE
        for (const it of news) {
          seen = { change: it.change!, hash: it.hash }
          changed(statusOf(it, clock.now()))
        }
      }
    }
    const stop = watchLedger(ledger, clock, look)
    ends.add(stop)
    return () => {
      stop()
      ends.delete(stop)
    }
  }

  return {
    info: async () => info,
    createInvoice: (wish) => asWallet(() => createInvoice(wish)),
    lookup: (hash) =>
      asWallet(() => {
        const it = invoiceOf(ledger, hash)
        return it?.payee === of.account
          ? statusOf(it, clock.now())
          : { paymentHash: hash, state: 'unknown', received: null }
      }),
    subscribe,
    hold: {
      settle: async (it) =>
        void (await asWallet(() =>
          ledger.write(() => settleHeld(ledger, of.account, it, clock.now())),
        )),
      cancel: async (hash) =>
        void (await asWallet(() =>
          ledger.write(() => cancel(ledger, of.account, hash, clock.now())),
        )),
    },
    close: async () => {
      for (const end of ends) end()
      ends.clear()
      await ledger.close()
    },
  }
}

/** Longest life of an invoice, in seconds: a year, as with lnd. */
const MOST_EXPIRY = 31_536_000

const checkWish = ({ msat, expirySec }: InvoiceWish): void => {
  if (msat <= 0n) throw refused('an invoice of nothing is none')
  if (!Number.isInteger(expirySec) || expirySec < 1 || expirySec > MOST_EXPIRY)
    throw refused(`an invoice lives for 1 to ${MOST_EXPIRY} s`)
}

/** As its payer reads it: whole seconds, in ms since 1970. */
const endOf = (timestamp: UnixSec, expirySec: number): bigint =>
  BigInt(timestamp + expirySec) * 1_000n
