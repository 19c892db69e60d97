import { fromHex, sha256, toHex } from '../../src/engine/base/bytes.ts'
import { type Clock, toSec } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import type { Random } from '../../src/engine/base/random.ts'
import type { Secp256k1 } from '../../src/engine/identity/seams.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { encodeBolt11 } from '../../src/engine/protocol/bolt11/encode.ts'
import type { Prefix } from '../../src/engine/protocol/bolt11/invoice.ts'
import { paymentHash } from '../../src/engine/protocol/ids.ts'

/** A Lightning node without a network, which the fakes of lnd and cln put their interfaces on. */

export type FakeInvoice = {
  readonly bolt11: string
  readonly hash: string
  /** null for one that is held, until it is settled. */
  preimage: string | null
  readonly held: boolean
  readonly msat: bigint
  /** Seconds since 1970. */
  readonly created: number
  readonly expires: number
  state: 'open' | 'accepted' | 'settled' | 'canceled'
  received: bigint
  /** Rises with each that is paid. */
  settleIndex: number
}

export type FakePayment = {
  readonly hash: string
  readonly bolt11: string
  readonly msat: bigint
  readonly fee: bigint
  state: 'inflight' | 'settled' | 'failed'
  failure: 'no_route' | 'no_balance' | 'rejected' | null
  preimage: string | null
}

export type InvoiceOrder = Readonly<{
  msat: bigint | null
  descriptionHash: string
  expirySec: number
  /** Of one that is held. */
  hash?: string
  prefix?: Prefix
}>

/** What routing costs: 1 sat and 1 in 1,000. */
export const routingFee = (amount: bigint): bigint => 1_000n + amount / 1_000n

export type FakeSeams = Readonly<{ clock: Clock; random: Random; secp: Secp256k1 }>

export class FakeNode {
  readonly invoices = new Map<string, FakeInvoice>()
  readonly payments = new Map<string, FakePayment>()
  /** Whom it can pay. */
  readonly peers: FakeNode[] = []
  readonly key: string
  private readonly secret: Uint8Array
  private readonly listeners = new Set<(invoice: FakeInvoice) => void>()
  private readonly payers = new Set<(payment: FakePayment) => void>()
  private settled = 0

  /** @param balance what it has, in msat */
  constructor(
    private readonly seams: FakeSeams,
    public balance = 100_000_000n,
  ) {
    this.secret = seams.random.bytes(32)
    this.key = toHex(seams.secp.point(this.secret))
  }

  sign(hash: Uint8Array) {
    return this.seams.secp.signRecoverable(hash, this.secret)
  }

  onInvoice(tell: (invoice: FakeInvoice) => void): () => void {
    this.listeners.add(tell)
    return () => void this.listeners.delete(tell)
  }

  onPayment(tell: (payment: FakePayment) => void): () => void {
    this.payers.add(tell)
    return () => void this.payers.delete(tell)
  }

  invoice(order: InvoiceOrder): FakeInvoice {
    const { random, clock } = this.seams
    const preimage = order.hash === undefined ? random.bytes(32) : null
    const hash = order.hash ?? toHex(sha256(preimage!))
    const created = toSec(clock.now())
    const draft = {
      prefix: order.prefix ?? ('bcrt' as const),
      msat: order.msat === null ? null : msat(order.msat),
      timestamp: created,
      expirySec: order.expirySec,
      paymentHash: paymentHash(hash),
      paymentSecret: toHex(random.bytes(32)),
      description: null,
      descriptionHash: order.descriptionHash,
    }
    return this.keep({
      bolt11: encodeBolt11(draft, (digest) => this.sign(digest)),
      hash,
      preimage: preimage && toHex(preimage),
      held: order.hash !== undefined,
      msat: order.msat ?? 0n,
      created,
      expires: created + order.expirySec,
    })
  }

  keep(it: Omit<FakeInvoice, 'state' | 'received' | 'settleIndex'>): FakeInvoice {
    const invoice: FakeInvoice = { ...it, state: 'open', received: 0n, settleIndex: 0 }
    this.invoices.set(it.hash, invoice)
    for (const tell of this.listeners) tell(invoice)
    return invoice
  }

  /** As it stands now: what expired unpaid is canceled. */
  find(hash: string): FakeInvoice | undefined {
    const it = this.invoices.get(hash)
    if (it?.state === 'open' && it.expires * 1_000 <= this.seams.clock.now())
      this.change(it, 'canceled')
    return it
  }

  settle(it: FakeInvoice, preimage: string): void {
    it.preimage = preimage
    this.change(it, 'settled')
  }

  cancel(it: FakeInvoice): void {
    it.received = 0n
    this.change(it, 'canceled')
  }

  /** Pays an invoice of a peer; ends when that does. @param begun called once money is on its way */
  async pay(bolt11: string, maxFee: bigint, begun?: () => void): Promise<FakePayment> {
    const invoice = decodeBolt11(bolt11)
    if (typeof invoice === 'string') throw new Error(invoice)
    const { paymentHash: hash } = invoice
    const it: FakePayment = {
      hash,
      bolt11,
      msat: invoice.msat!,
      fee: routingFee(invoice.msat!),
      state: 'inflight',
      failure: null,
      preimage: null,
    }
    this.payments.set(hash, it)
    const payee = this.peers.find((peer) => peer.invoices.has(hash))
    this.balance -= it.msat + it.fee
    if (this.balance < 0n) it.failure = 'no_balance'
    else if (!payee || it.fee > maxFee) it.failure = 'no_route'
    if (it.failure || !payee) return this.end(it, 'failed')
    begun?.()
    // Heard before it arrives: what is not held settles at once.
    const over = Promise.withResolvers<FakePayment>()
    const stop = payee.onInvoice((theirs) => {
      if (theirs.hash !== hash || theirs.state === 'accepted') return
      stop()
      const state = theirs.state === 'settled' ? 'settled' : 'failed'
      it.preimage = state === 'settled' ? theirs.preimage : null
      over.resolve(this.end(it, state))
    })
    if (payee.arrive(hash, it.msat)) return over.promise
    stop()
    return this.end(it, 'failed')
  }

  end(it: FakePayment, state: 'settled' | 'failed'): FakePayment {
    it.state = state
    if (state === 'failed') {
      it.failure ??= 'rejected'
      this.balance += it.msat + it.fee
    }
    for (const tell of this.payers) tell(it)
    return it
  }

  /** Money arrives: false where it is refused. One that is held is then accepted. */
  private arrive(hash: string, amount: bigint): boolean {
    const it = this.find(hash)
    if (it?.state !== 'open' || amount < it.msat) return false
    it.received = amount
    this.change(it, it.held ? 'accepted' : 'settled')
    return true
  }

  private change(it: FakeInvoice, state: FakeInvoice['state']): void {
    it.state = state
    if (state === 'settled') {
      it.settleIndex = ++this.settled
      this.balance += it.received
    }
    for (const tell of this.listeners) tell(it)
  }
}

/** The hash of a preimage, both in hex. */
export const hashOf = (preimage: string): string => toHex(sha256(fromHex(preimage)))
