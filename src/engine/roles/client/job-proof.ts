import type { Msat } from '../../base/money.ts'
import type { Signed } from '../../protocol/event.ts'
import type { PubKey } from '../../protocol/ids.ts'

/** What shows that an invoice for one job was paid: its preimage, or its node's word. */
export type JobProof = {
  readonly node: PubKey
  readonly msat: Msat
  readonly invoice: Signed
  preimage: string | null
  paid: Signed | null
  /** As the router was shown it last (26426). */
  shown: Signed | null
}
