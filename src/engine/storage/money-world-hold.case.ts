import { msat } from '../base/money.ts'
import type { BookedInvoice } from '../metering/invoice-book-rows.ts'
import type { DrawTiming, Place } from '../metering/tab-rows.ts'
import type { EventId, JobId, PaymentHash } from '../protocol/ids.ts'
import type { MoneyChange } from './money-store.ts'
import type { World } from './money-world.case.ts'

export type DrawMessage = Place & {
  ceiling: bigint
  timing: DrawTiming
  boot: number
  until: number
  /** Of a job by `hold`. */
  hash?: PaymentHash
}

/** Jobs by `hold` in a world of money: their money waits while they are done, and is taken for the whole or not at all. */
export class WorldHolds {
  /** Whose result was delivered as a whole, in whatever process of the node. */
  readonly delivered = new Set<PaymentHash>()
  /** What waits for the word of the node's wallet, in this process of it. */
  private readonly closing = new Map<PaymentHash, DrawMessage>()
  private readonly taken = new Map<PaymentHash, DrawMessage>()

  constructor(private readonly world: World) {}

  restart(): void {
    this.closing.clear()
    this.taken.clear()
  }

  /** The client hears that its money waits, and sends the job. */
  onHeld({ hash, ref, msat: ceiling }: BookedInvoice): void {
    const ticket = hash as string as EventId
    this.world.send({ job: ref as JobId, ticket, ceiling, timing: 'hold', hash })
  }

  /** A job is taken where its money waits for it, and for nothing else. */
  onDraw(draw: DrawMessage, hash: PaymentHash): void {
    const { book, running } = this.world
    const row = book.invoices.get(hash)
    const isWaiting = row?.state === 'accepted' && row.closing === null && row.ref === draw.job
    if (!isWaiting || this.closing.has(hash) || running.some((it) => it.hash === hash)) return
    this.world.begin(draw)
  }

  /** One that runs ends: with the whole of it delivered, or not. */
  progress(draw: DrawMessage, how: 'extend' | 'release' | 'settle'): void {
    const { world } = this
    const hash = draw.hash!
    if (how === 'extend') return
    world.running = world.running.filter((it) => it !== draw)
    if (how === 'release') return world.onBook({ type: 'undelivered', hash })
    world.onBook({ type: 'delivered', hash })
    if (world.book.invoices.get(hash)?.closing !== 'settle') return
    this.delivered.add(hash)
    this.closing.set(hash, draw)
  }

  /** Its money is the node's: what it brought is its own, and nothing else draws on it. */
  onTaken(hash: PaymentHash): readonly MoneyChange[] {
    const draw = this.closing.get(hash)
    const taken = draw && this.world.reserve(draw)
    if (!taken || 'refused' in taken) return []
    this.taken.set(hash, draw)
    return taken.changes
  }

  /** That is on the disk: it costs the whole. */
  finish(hash: PaymentHash): void {
    const draw = this.taken.get(hash)
    this.closing.delete(hash)
    this.taken.delete(hash)
    if (!draw) return
    const { changes, tell } = this.world.receipt(draw, msat(draw.ceiling))
    this.world.node.perform(changes, tell)
  }

  /** The client wants it no more. */
  onDrop(ref: string): void {
    const { world } = this
    const rows = [...world.book.invoices.values()].filter((it) => it.ref === ref)
    for (const { payer } of world.book.wanted.values())
      world.onBook({ type: 'unwanted', payer, ref })
    for (const { hash } of rows)
      if (!world.running.some((it) => it.hash === hash)) world.onBook({ type: 'undelivered', hash })
  }

  /** The node's wallet is told to take what waits, or to give it back; it does not always hear. */
  close(hash: PaymentHash, how: 'settle' | 'cancel', n: number): void {
    const { lightning, running } = this.world
    if (how === 'cancel') this.world.running = running.filter((it) => it.hash !== hash)
    if (how === 'cancel') this.closing.delete(hash)
    if (lightning.honest || lightning.deed !== null || n % 4 > 0) lightning.close(hash, how)
  }
}
