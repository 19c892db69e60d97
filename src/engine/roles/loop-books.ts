import { asFault, type Fault } from '../base/fault.ts'
import type { EventId } from '../protocol/ids.ts'
import type { Kept, Observation } from '../storage/store.ts'
import type { LoopOptions } from './loop-options.ts'
import type { WireEffect, WireEvent } from './wire.ts'

/** What a mind wants written: gives it to the store, and tells the mind what became of it. */
export class LoopBooks {
  /** The store takes no observations any more, or nobody needs to hear that it does not. */
  private forgetful = false

  constructor(
    private readonly options: Pick<LoopOptions<never, never, never>, 'store' | 'money' | 'log'>,
    private readonly feed: (event: WireEvent) => void,
    private readonly fail: (fault: Fault) => void,
  ) {}

  keep(kept: Kept): void {
    this.options.store.keep(kept).then(
      () => this.feed({ type: 'kept', id: kept.id }),
      (error: unknown) => this.unkept(kept.id, asFault(error)),
    )
  }

  commit(wire: Commit): void {
    this.options.money?.write(wire.changes).then(
      () => this.feed({ type: 'committed', id: wire.id }),
      (error: unknown) => this.unwritten(wire, asFault(error)),
    )
  }

  observe(observation: Observation): void {
    this.options.store.observe(observation).catch(this.forgets)
  }

  /** What becomes of observations is no matter any more. */
  stop(): void {
    this.forgetful = true
  }

  /** A second receipt for one ticket is a lie of its node's, and no trouble of the disk's. */
  private unkept(id: EventId, fault: Fault): void {
    if (fault.code === 'receipt.duplicate') this.feed({ type: 'unkept', id })
    else this.fail(fault)
  }

  /** An invoice that the ledger knows is a wallet's that gives one twice, and no trouble of the disk's either. */
  private unwritten({ id, changes }: Commit, fault: Fault): void {
    const receipt = changes.find(({ table }) => table === 'kept')
    const [first] = changes
    const isInvoice = first?.table === 'invoices' && first.do === 'add'
    if (receipt?.table === 'kept') this.unkept(receipt.row.id, fault)
    else if (isInvoice && fault.code === 'money.known')
      this.feed({ type: 'unwritten', id, hash: first.row.hash })
    else this.fail(fault)
  }

  /** What was seen of nodes can be seen again: without it a router goes on, and learns anew. */
  private readonly forgets = (error: unknown): void => {
    if (this.forgetful) return
    this.forgetful = true
    this.options.log.warn('observations.unwritten', { code: asFault(error).code })
  }
}

type Commit = Extract<WireEffect, { do: 'commit' }>
