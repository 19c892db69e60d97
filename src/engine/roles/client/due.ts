import { unixMs } from '../../base/clock.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { ClientTurn } from './state.ts'

/** An invoice over more than we know to owe, or that comes while one is paid: other jobs of ours may have ended there. */
export const keepDue = (
  { state, now, effects }: ClientTurn,
  node: PubKey,
  message: Message<'invoice'>,
): void => {
  const { due } = state.money!
  due.delete(node)
  due.set(node, { message, until: unixMs(now + DUE_MS) })
  if (due.size > MOST_DUE) due.delete(due.keys().next().value!)
  effects.push({ do: 'look' })
}

/** How long an invoice waits for our books. */
const DUE_MS = 3_000
const MOST_DUE = 64
