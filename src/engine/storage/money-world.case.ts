import { type UnixMs, unixMs } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import type { EventId, JobId, PaymentHash, Preimage, PubKey } from '../protocol/ids.ts'
import { type Book, decide as decideBook, openBook } from '../metering/invoice-book.ts'
import type { BookEffect, BookEvent, BookedInvoice } from '../metering/invoice-book-rows.ts'
import type { DrawTiming, Place, SignedStatement } from '../metering/tab-rows.ts'
import {
  type Tabs,
  credit,
  extend,
  grant,
  openTabs,
  release,
  reserve,
  reservedFor,
  settle,
  tabAt,
} from '../metering/tab.ts'
import type { MoneyChange } from './money-store.ts'
import { type DrawMessage, WorldHolds } from './money-world-hold.case.ts'
import { Party } from './money-world-party.case.ts'
import { WorldPayer } from './money-world-payer.case.ts'
import { FakeLightning, later } from './money-world-wallet.case.ts'

const hex = <T extends string>(n: number): T => n.toString(16).padStart(64, '0') as T
export const [NODE, KEY] = [hex<PubKey>(1), hex<PubKey>(2)]
export const DAY = 86_400_000
const LIFE_MS = 120_000
const TICKET_MS = 300_000
/** Where jobs by `hold` begin, and those that have an invoice each. */
export const HELD = 50_000
const ALONE = 70_000

/** `ref`: the tab, or the one job that it is for. */
type Fund = Readonly<{ amount: bigint; ref: string; hold: boolean }>
type Message =
  | { to: 'node'; fund: Fund }
  | { to: 'node'; drop: string }
  | { to: 'node'; draw: DrawMessage }
  | { to: 'client'; invoice: BookedInvoice }
  /** The node's wallet has it waiting. */
  | { to: 'client'; held: BookedInvoice }
  | { to: 'client'; statement: SignedStatement }

/** One client, one node and Lightning between them: the pure cores, their ledgers, and nothing else. */
export class World {
  now: UnixMs = unixMs(1_700_000_000_000)
  readonly lightning = new FakeLightning()
  readonly node = new Party(() => this.startNode())
  readonly client = new Party(() => this.payer.start())
  readonly payer = new WorldPayer(this)
  tabs!: Tabs
  book!: Book
  messages: Message[] = []
  /** Draws that were ever sent, for whoever sends one again. */
  readonly draws: DrawMessage[] = []
  running: DrawMessage[] = []
  readonly holds = new WorldHolds(this)
  /** Highest number of each job's invoices that this process of the node saw settle. */
  private readonly paidFor = new Map<string, number>()
  /** How often each job was taken. */
  readonly served = new Map<string, number>()
  private boot = 0
  private jobs = 0

  /** @param off no tab: each invoice is for a job of its own, and numbered within it */
  constructor(
    readonly granted: bigint = 0n,
    readonly off = false,
  ) {
    this.startNode()
    this.payer.start()
  }

  private startNode(): void {
    const { money } = this.node.store
    const rows = { tabs: money.wakeTabs(NODE, this.now), draws: money.openDraws(NODE) }
    const recall = (key: PubKey) => money.tab(NODE, key)
    const { state, changes } = openTabs(NODE, rows, this.now, recall)
    this.tabs = state
    this.book = openBook(NODE, money.openInvoices(NODE), this.now)
    this.running = []
    this.holds.restart()
    this.paidFor.clear()
    this.boot++
    const granted = grant(this.tabs, KEY, msat(this.granted), this.now)
    this.node.perform([...changes, ...granted], () => {})
  }

  /** The client asks for an invoice; with the tab off, for that of a job which may have had one. */
  fund(amount: bigint, job = Number(amount / 30_000n)): void {
    const ref = this.off ? hex<JobId>(ALONE + job) : KEY
    this.messages.push({ to: 'node', fund: { amount, ref, hold: false } })
  }

  /** The client asks for one whose money is to wait for its job; or wants the last such one no more. */
  fundHold(amount: bigint): void {
    const fund = { amount, ref: hex<JobId>(HELD + ++this.jobs), hold: true }
    this.messages.push({ to: 'node', fund })
  }
  drop(back: number): void {
    this.messages.push({ to: 'node', drop: hex<JobId>(HELD + Math.max(1, this.jobs - back)) })
  }

  /** The client sends a job. */
  job(ceiling: bigint, timing: DrawTiming): void {
    const n = ++this.jobs
    this.send({ job: hex<JobId>(1_000 + n), ticket: hex<EventId>(2_000 + n), ceiling, timing })
  }

  send(job: Omit<DrawMessage, 'boot' | 'until'>): void {
    const draw = { ...job, boot: this.boot, until: this.now + TICKET_MS }
    this.draws.push(draw)
    this.messages.push({ to: 'node', draw })
  }

  /** Delivers a message, once or twice, or loses it. */
  deliver(n: number, copies: number): void {
    const [message] = this.messages.splice(n % Math.max(1, this.messages.length), 1)
    if (message) for (let copy = 0; copy < copies; copy++) this.receive(message, n)
  }

  private receive(message: Message, n: number): void {
    if ('fund' in message) return this.onFund(message.fund)
    if ('drop' in message) return this.holds.onDrop(message.drop)
    if ('draw' in message) return this.onDraw(message.draw)
    if ('held' in message) return this.holds.onHeld(message.held)
    if ('invoice' in message) return this.payer.onInvoice(message.invoice, n)
    this.payer.onStatement(message.statement)
  }

  private onFund({ amount, ref, hold }: Fund): void {
    const isTab = ref === KEY
    const settled = isTab ? (tabAt(this.tabs, KEY)?.seq ?? 0) : (this.paidFor.get(ref) ?? 0)
    const asked = { payer: KEY, ref, purpose: isTab ? 'topup' : 'job', hold } as const
    this.onBook({ type: 'fund', settled, msat: msat(amount), ...asked })
  }

  /** What the node's book is told; a job that its money waits for is counted with that. */
  onBook(event: BookEvent): void {
    const { changes, settled, effects } = decideBook(this.book, event, this.now)
    const credits = settled.flatMap(({ hash, payer, ref, seq, received }) => {
      this.paidFor.set(ref, Math.max(seq, this.paidFor.get(ref) ?? 0))
      const paid = credit(this.tabs, { payer, ref, seq, received: received! }, this.now, DAY)
      return [...paid, ...this.holds.onTaken(hash)]
    })
    this.node.perform([...changes, ...credits], () => {
      for (const effect of effects) this.nodeDoes(effect)
      for (const { hash } of settled) this.holds.finish(hash)
    })
  }

  private nodeDoes(effect: BookEffect): void {
    if (effect.do === 'tell' && effect.invoice.state === 'issued')
      this.messages.push({ to: 'client', invoice: effect.invoice })
    else if (effect.do === 'tell' && effect.invoice.state === 'accepted')
      this.messages.push({ to: 'client', held: effect.invoice })
    else if (effect.do === 'settleHold' || effect.do === 'cancelHold')
      this.holds.close(effect.hash, effect.do === 'settleHold' ? 'settle' : 'cancel', this.chance())
    else if (effect.do === 'lookup') this.node.answers.push(() => this.status(effect.hash))
    else if (effect.do === 'createInvoice')
      this.node.answers.push(() => {
        const { hold, ...wanted } = effect.wanted
        const expiresAt = later(this.now, LIFE_MS)
        const hash = this.lightning.issue(wanted.msat, expiresAt, hold)
        const preimage = hold ? hex<Preimage>(Number(`0x${hash}`)) : null
        const invoice = { ...wanted, hash, expiresAt, terms: '', bolt11: '', preimage }
        this.onBook({ type: 'issued', invoice })
      })
  }

  /** The node's wallet says how an invoice stands, asked or not. */
  status(hash: PaymentHash): void {
    const state = this.lightning.status(hash, this.chance(), this.now)
    this.onBook({ type: 'status', hash, state, received: null })
  }

  private onDraw(draw: DrawMessage): void {
    // A ticket dies with the boot id that it names, and in time.
    if (draw.boot !== this.boot || this.now > draw.until) return
    if (draw.hash) return this.holds.onDraw(draw, draw.hash)
    const taken = this.reserve(draw)
    if ('refused' in taken) return
    this.node.perform(taken.changes, () => this.begin(draw))
  }

  begin(draw: DrawMessage): void {
    this.running.push(draw)
    this.served.set(draw.job, (this.served.get(draw.job) ?? 0) + 1)
  }

  reserve({ job, ticket, ceiling, timing }: DrawMessage) {
    const id = job as string as EventId
    const wish = { job, ticket, timing, id, key: KEY, ceiling: msat(ceiling), text: '' }
    return reserve(this.tabs, wish, this.now)
  }

  /** A job that runs ends, with a receipt or without one, or goes on after a top-up. */
  progress(n: number, how: 'extend' | 'release' | 'settle'): void {
    const at = n % Math.max(1, this.running.length)
    const place = this.running[at]
    if (!place) return
    if (place.hash) return this.holds.progress(place, how)
    if (how === 'extend') return this.node.perform(extend(this.tabs, place, this.now), () => {})
    this.running.splice(at, 1)
    if (how === 'release') return this.node.perform(release(this.tabs, place, this.now), () => {})
    const cost = msat((reservedFor(this.tabs, place) * BigInt(n % 11)) / 10n)
    const { changes, tell } = this.receipt(place, cost)
    this.node.perform(changes, tell)
  }

  /** A receipt with its statement, and what is said once both are on the disk. */
  receipt(place: Place, cost: Msat): { changes: MoneyChange[]; tell: () => void } {
    const id = hex<EventId>(Number(`0x${place.job}`) + 10_000)
    const { changes, statement } = settle(this.tabs, place, { id, cost }, this.now, DAY)
    const { job, ticket } = place
    const kept = { id, kind: 'receipt', job, ticket, by: NODE, text: '', at: this.now } as const
    const signed = { ...statement, id: hex<EventId>(90_000 + statement.n), text: job, at: this.now }
    return {
      changes: [
        { do: 'put', table: 'kept', row: kept },
        ...changes,
        { do: 'put', table: 'statements', row: signed },
      ],
      tell: () => this.messages.push({ to: 'client', statement: signed }),
    }
  }

  /** The client fetches all that the node has signed. */
  sync(): void {
    for (const statement of this.node.store.money.statements(NODE, KEY, 0, 1_000))
      this.messages.push({ to: 'client', statement })
  }

  /** Time passes; whatever is due happens. */
  wait(ms: number): void {
    this.now = later(this.now, ms)
    this.lightning.expire(this.now)
    this.onBook({ type: 'tick' })
    this.payer.tick()
  }

  /** Whether the payee's and the payer's wallet stumble is drawn from what has happened so far. */
  private draw = 1
  chance(): number {
    this.draw = (this.draw * 1_103_515_245 + 12_345) % 2_147_483_648
    return this.draw >> 8
  }
}
