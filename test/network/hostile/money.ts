import { toHex, sha256 } from '../../../src/engine/base/bytes.ts'
import { toSec } from '../../../src/engine/base/clock.ts'
import { type Msat, msat } from '../../../src/engine/base/money.ts'
import { openLetter, sealLetter } from '../../../src/engine/identity/letters.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import { signerOf } from '../../../src/engine/identity/signer.ts'
import { encodeBolt11 } from '../../../src/engine/protocol/bolt11/encode.ts'
import type { InvoiceDraft } from '../../../src/engine/protocol/bolt11/invoice.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { type Signed, eventText } from '../../../src/engine/protocol/event.ts'
import { type PaymentHash, type PubKey, paymentHash } from '../../../src/engine/protocol/ids.ts'
import { type KindName, kindName } from '../../../src/engine/protocol/kinds.ts'
import type { Contents } from '../../../src/engine/protocol/messages.ts'
import type { SheetPay } from '../../../src/engine/protocol/sheet.ts'
import { termsHash } from '../../../src/engine/protocol/terms.ts'
import { newClientMoney } from '../../../src/engine/roles/client/money.ts'
import { openTill } from '../../../src/engine/roles/node/till.ts'
import { decide, openJournal } from '../../../src/engine/spending/journal.ts'
import type { Entry } from '../../../src/engine/spending/journal-rows.ts'
import { checkStatement } from '../../../src/engine/spending/ledger-check.ts'
import { charged, leftOn, openView, paidInto } from '../../../src/engine/spending/ledger.ts'
import { memoryStore } from '../../../src/engine/storage/memory.ts'
import { CAPS } from '../bank.ts'
import type { AnyEffect, ClientParty, NodeParty, Party } from './party.ts'
import type { Stage } from './stage.ts'

/** An invoice that a wallet made, and what became of it. */
type Made = { node: NodeParty; bolt11: string; msat: Msat; state: 'open' | 'settled'; ends: number }

/**
 * Money on the stage: wallets without delay, one ledger for each party. The minds, the journal and the sums are the
 * real ones; what is written is written at once.
 */
export class Mint {
  readonly made = new Map<PaymentHash, Made>()
  /** Payments of clients that left their wallets, and Faults of those that did not. */
  readonly paid: Entry[] = []
  readonly refused: string[] = []
  /** What a client's wallet answers instead of paying, where a test wants that. */
  pays: (bolt11: string) => 'settled' | 'failed' | 'unknown' | 'inflight' = () => 'settled'
  /** Word of a payment does not reach the node until this is called with its hash. */
  deaf = false
  /** Commits of parties whose disk is slow, until the test lets them be done. */
  readonly unwritten: (() => void)[] = []
  readonly stores = new Map<Party, ReturnType<typeof memoryStore>>()
  readonly lightning: Signer

  constructor(readonly stage: Stage) {
    this.lightning = stage.newSigner()
    const before = stage.onWork
    stage.onWork = (party, effect) => this.perform(party, effect) || before(party, effect)
  }

  /** How a node is paid, as its sheet says. */
  get pay(): SheetPay {
    const key = toHex(this.stage.secp.point(this.secret))
    return { payees: [key], bind: 'hash', granularity: msat(1n), keeps_days: 365 }
  }

  readonly secret = new Uint8Array(32).fill(7)

  openTill(node: NodeParty): void {
    const store = memoryStore()
    this.stores.set(node, store)
    const { till } = openTill(
      store.money,
      {
        node: node.signer.pubkey,
        pay: this.pay,
        canHold: false,
        credit: { each: msat(10_000n), all: msat(1_000_000n) },
        verifier: this.stage.secp,
      },
      this.stage.now,
    )
    Object.assign(node.state, { till })
  }

  openPurse(client: ClientParty, caps = CAPS): void {
    const store = memoryStore()
    this.stores.set(client, store)
    const { secp, random } = this.stage
    const tab = (node: PubKey) =>
      client.state.money?.off
        ? client.signer
        : signerOf(client.signer.derive(`fedai/1 tab sim${node}`), secp, random)
    const view = (node: PubKey) => {
      const { views } = store.money.spending(0 as never)
      const found = views.find(({ payee }) => payee === node)
      return found ?? openView(node, tab(node).pubkey, this.stage.now, client.state.money?.off)
    }
    const money = newClientMoney({ tab, view, caps: { ...caps, maxPrice: null }, secp })
    Object.assign(client.state, { money })
  }

  /** What a wallet says of an invoice reaches its node. */
  say(hash: PaymentHash, state: 'settled' | 'open' | 'canceled' = 'settled'): void {
    const { node, msat: received } = this.made.get(hash)!
    const event = {
      type: 'status',
      hash,
      state,
      received: state === 'settled' ? received : null,
    } as const
    this.stage.tell(node, { type: 'wallet', event })
  }

  /** A sound invoice for these terms, but for what is changed. */
  bolt11(
    terms: string,
    amount: Msat,
    change: Partial<InvoiceDraft> = {},
    secret: Uint8Array = this.secret,
  ): string {
    const { secp, random, now } = this.stage
    const draft: InvoiceDraft = {
      prefix: 'bcrt',
      msat: amount,
      timestamp: toSec(now),
      expirySec: 120,
      paymentHash: paymentHash(toHex(sha256(random.bytes(32)))),
      paymentSecret: toHex(random.bytes(32)),
      description: null,
      descriptionHash: termsHash(terms),
      ...change,
    }
    return encodeBolt11(draft, (digest) => secp.signRecoverable(digest, secret))
  }

  private perform(party: Party, effect: AnyEffect): boolean {
    const { stage } = this
    const store = this.stores.get(party)
    if (!store) return false
    const { money } = store
    if (effect.do === 'commit') {
      void money.write(effect.changes)
      const written = () => stage.feed(party, { type: 'committed', id: effect.id })
      if (party.slowDisk) this.unwritten.push(written)
      else stage.later(written)
    } else if (effect.do === 'statements') {
      const { key, from, limit } = effect
      const found = money.statements(party.signer.pubkey, key, from, limit)
      stage.later(() => stage.feed(party, { type: 'statements', found, to: effect.to }))
    } else if (effect.do === 'wallet') this.wallet(party as NodeParty, effect)
    else if (effect.do === 'look') return true
    else if (effect.do === 'pay') this.purse(party as ClientParty, effect)
    else if (effect.do === 'lost') return true
    else if (effect.do === 'charge' || effect.do === 'pin') {
      const write = () => this.write(party as ClientParty, effect)
      if (party.slowDisk) this.unwritten.push(write)
      else write()
    } else if (effect.do === 'statement') {
      const { said, alone, isAnswer, answers, isLast } = effect
      const near = money.statements(said.node, said.key, Math.max(1, said.n - 1), 8)
      const top = money.newestStatement(said.node, said.key)?.used ?? 0n
      const of = answers && money.charge(answers.id)
      const known = { charge: money.charge(said.receipt), near, top, out: 0n, alone, answers: of }
      const view = (party as ClientParty).state.money!.view(said.node)
      const { changes, findings } = checkStatement(view, said, known, stage.now)
      void money.write(changes)
      const wrong = findings.filter((it) => !it.ok)
      stage.later(() => stage.feed(party, { type: 'checked', said, isAnswer, isLast, wrong }))
    } else return false
    return true
  }

  /** What a client counts of a receipt, or holds against its node. */
  private write(client: ClientParty, effect: Extract<AnyEffect, { do: 'charge' | 'pin' }>): void {
    const { stage } = this
    const { money } = this.stores.get(client)!
    const view = client.state.money!.view(effect.node)
    if (effect.do === 'pin')
      return void money.write([{ do: 'put', table: 'views', row: { ...view, broken: true } }])
    const { receipt } = effect
    if (!money.charge(receipt.id)) void money.write(charged(view, receipt, stage.now).changes)
    stage.later(() => stage.feed(client, { type: 'charged', receipt: receipt.id }))
  }

  private wallet(node: NodeParty, effect: Extract<AnyEffect, { do: 'wallet' }>): void {
    const { stage } = this
    if (effect.ask === 'lookup') {
      const made = this.made.get(effect.hash)
      const ended = made && stage.now >= made.ends
      const state = made?.state === 'open' && ended ? 'canceled' : (made?.state ?? 'open')
      return stage.later(() => this.say(effect.hash, state))
    }
    if (effect.ask !== 'invoice') return
    const { wanted, terms, expirySec } = effect
    const preimage = stage.random.bytes(32)
    const hash = paymentHash(toHex(sha256(preimage)))
    const bolt11 = this.bolt11(terms, wanted.msat, { paymentHash: hash, expirySec })
    const ends = stage.now + expirySec * 1_000
    this.made.set(hash, { node, bolt11, msat: wanted.msat, state: 'open', ends })
    const { payer, ref, seq, purpose, msat: amount } = wanted
    const expiresAt = (stage.now + expirySec * 1_000) as never
    const issued = { hash, payer, ref, seq, purpose, msat: amount, terms, bolt11, expiresAt }
    const event = { type: 'issued', invoice: { ...issued, preimage: null } } as const
    stage.later(() => stage.feed(node, { type: 'wallet', event }))
  }

  private purse(client: ClientParty, effect: Extract<AnyEffect, { do: 'pay' }>): void {
    const { stage } = this
    const { node, payment, caps, price, news: about } = effect
    const { ref, hash } = payment
    const { money } = this.stores.get(client)!
    const { entries, views } = money.spending(0 as never)
    const journal = openJournal(entries, views, stage.now, `sim-${client.signer.pubkey}`)
    const view = client.state.money!.view(node)
    const left = leftOn(view)
    const known = money.payment(hash)
    const begun = decide(journal, { type: 'want', payment, caps, price, left, known }, stage.now)
    const end = (it: Entry | Error): void =>
      stage.later(() => stage.feed(client, { type: 'payment', node, ref, hash, end: it as Entry }))
    for (const deed of begun.effects) {
      if (deed.do === 'refuse') {
        this.refused.push(deed.fault.code)
        end(deed.fault)
      }
      if (deed.do !== 'pay') continue
      void money.write(begun.changes)
      stage.later(() => stage.feed(client, { type: 'begun', node, ref, hash, news: about }))
      const state = this.pays(payment.bolt11)
      const news =
        state === 'settled'
          ? ({ state, preimage: null, fee: msat(0n) } as const)
          : state === 'failed'
            ? ({ state, reason: 'no_route' } as const)
            : ({ state } as const)
      const { changes, settled } = decide(journal, { type: 'answer', hash, news }, stage.now)
      const into = settled.map(
        (entry) => ({ do: 'put', table: 'views', row: paidInto(view, entry, stage.now) }) as const,
      )
      void money.write([...changes, ...into])
      this.paid.push(...settled)
      const made = this.made.get(hash)
      if (state === 'settled' && made) {
        made.state = 'settled'
        if (!this.deaf) stage.later(() => this.say(hash))
      }
      // A purse says nothing of what is under way.
      if (state !== 'inflight') end(journal.open.get(hash) ?? settled[0]!)
    }
  }
}

/** A letter opened by who it is for: the event in it. */
export const opened = (to: Signer, letter: Signed): { name: KindName; event: Signed } => {
  const { sealed } = JSON.parse(letter.content) as { sealed: string }
  const event = JSON.parse(openLetter(to, letter.pubkey, sealed)!) as Signed
  return { name: kindName(event.kind)!, event }
}

/** A letter with something about money in it, signed within by one key and sent by another. */
export const letterOf = <K extends KindName>(
  stage: Stage,
  of: { inner: Signer; outer: Signer; to: PubKey; for?: PubKey; name: K; content: Contents[K] },
): Signed => {
  const { inner, outer, to, name, content } = of
  const draft = draftOf(name, content, { now: stage.now, net: 'sim', to: of.for ?? to })
  return letterWith(stage, outer, to, inner.sign(draft))
}

/** The same event in a letter of its own. */
export const letterWith = (stage: Stage, outer: Signer, to: PubKey, inner: Signed): Signed => {
  const sealed = sealLetter(outer, to, eventText(inner), stage.random)
  return outer.sign(draftOf('money', { sealed }, { now: stage.now, net: 'sim', to }))
}
