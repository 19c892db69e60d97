import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { BookedInvoice } from '../metering/invoice-book-rows.ts'
import type { SignedStatement } from '../metering/tab-rows.ts'
import type { JobId } from '../protocol/ids.ts'
import { checkStatement } from '../spending/ledger-check.ts'
import { type TabView, charged, leftOn, openView, paidInto } from '../spending/ledger.ts'
import type { JournalDecision, JournalEffect } from '../spending/journal-rows.ts'
import { type Journal, decide, openJournal } from '../spending/journal.ts'
import type { MoneyChange } from './money-store.ts'
import { FEE } from './money-world-wallet.case.ts'
import { DAY, KEY, NODE, type World } from './money-world.case.ts'

const CAPS = { maxPrice: null, budget: msat(2_000_000n), exposure: msat(200_000n) }

/** The client of a world of money: its journal, its view of the tab, and what it pays with. */
export class WorldPayer {
  journal!: Journal
  view!: TabView
  /** What it pays with and asks. */
  wallet: 'sim-one' | 'sim-two' = 'sim-one'

  constructor(private readonly world: World) {}

  start(): void {
    const { entries, views } = this.world.client.store.money.spending(unixMs(this.world.now - DAY))
    this.journal = openJournal(entries, views, this.world.now, this.wallet)
    this.view = views[0] ?? openView(NODE, KEY, this.world.now)
  }

  onStatement(said: SignedStatement): void {
    const { money } = this.world.client.store
    if (
      money.charge(said.receipt) ||
      this.world.client.writing.some((it) => names(it.changes, said))
    )
      return
    const job = said.text as JobId
    const { cost } = said
    const receipt = { id: said.receipt, job, cost, ceiling: cost, disputed: false }
    const { view, changes } = charged(this.view, receipt, this.world.now)
    const near = money.statements(NODE, KEY, said.n - 1, 3)
    const charge = { receipt: said.receipt, payee: NODE, ref: KEY, job, cost } as const
    const mine = { ...charge, disputed: false, stated: null, at: this.world.now }
    const known = { charge: mine, near, out: 0n }
    const checked = checkStatement(view, said, known, this.world.now)
    this.view = checked.view
    this.world.client.perform([...changes, ...checked.changes], () => {})
  }

  onInvoice(invoice: BookedInvoice, n: number): void {
    const { hash, bolt11, terms, ref, seq, purpose, expiresAt } = invoice
    const wanted = { hash, bolt11, terms, payee: NODE, ref, seq, purpose, expiresAt }
    const payment = { ...wanted, msat: invoice.msat, maxFee: msat(FEE * 5n) }
    const left = leftOn(this.view)
    const known = this.world.client.store.money.payment(hash)
    const event = { type: 'want', payment, caps: CAPS, price: msat(0n), left, known } as const
    this.onJournal(decide(this.journal, event, this.world.now), n)
  }

  private onJournal({ changes, settled, effects }: JournalDecision, n = this.world.chance()): void {
    for (const entry of settled) this.view = paidInto(this.view, entry, this.world.now)
    const row = this.view
    const views: MoneyChange[] = settled.length > 0 ? [{ do: 'put', table: 'views', row }] : []
    this.world.client.perform([...changes, ...views], () =>
      effects.forEach((it) => this.clientDoes(it, n)),
    )
  }

  private clientDoes(effect: JournalEffect, n: number): void {
    if (effect.do !== 'pay' && effect.do !== 'lookup') return
    const { hash } = effect
    const pay = effect.do === 'pay'
    const { wallet } = this
    // The money moves whether or not the client lives to hear of it.
    const paid = pay ? this.world.lightning.pay(hash, n, this.world.now, wallet) : null
    this.world.client.answers.push(() => {
      const news = pay
        ? paid
        : this.world.lightning.payStatus(hash, this.world.chance(), this.world.now, wallet)
      if (news) this.onJournal(decide(this.journal, { type: 'answer', hash, news }, this.world.now))
      else if (!pay) this.onJournal(decide(this.journal, { type: 'absent', hash }, this.world.now))
    })
  }

  tick(): void {
    this.onJournal(decide(this.journal, { type: 'tick' }, this.world.now))
  }

  /** The client goes on with another wallet. */
  swapWallet(): void {
    this.wallet = this.wallet === 'sim-one' ? 'sim-two' : 'sim-one'
    this.world.client.crash()
  }
}

const names = (changes: readonly MoneyChange[], { receipt }: SignedStatement): boolean =>
  changes.some((it) => it.table === 'charges' && it.row.receipt === receipt)
