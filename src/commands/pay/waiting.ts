import { type PaymentHash } from '../../engine/protocol/ids.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { isOut } from '../../engine/spending/journal-news.ts'
import { showMs } from '../figures.ts'
import { onInterrupt } from '../interrupt.ts'
import type { Terminal } from '../terminal.ts'
import type { UserPurse } from './purse.ts'

/** How long is waited for the end of a payment, and how often the ledger is looked at. */
export const WAIT_MS = 60_000
const LOOK_MS = 100
/** After Ctrl-C: a payment that is nearly there shall not end as one that nobody knows of. */
const LEAVING_MS = 500

export type Waited = Readonly<{
  /** As the ledger has it; undefined where it was left before it was written. */
  entry: Entry | undefined
  /** Ctrl-C came first. */
  left: boolean
}>

/**
 * Waits until a payment has ended, by whichever process: the ledger says so. Ctrl-C and time end the waiting, not
 * the payment.
 * @param begun what began it, with how it ended where that is known; what it rejects with ends the waiting too
 */
export const waitForEnd = async (
  user: UserPurse,
  hash: PaymentHash,
  begun: Promise<Entry | null>,
  { terminal, waitMs = WAIT_MS }: Readonly<{ terminal: Terminal; waitMs?: number }>,
): Promise<Waited> => {
  const stop = onInterrupt(new AbortController().signal, () =>
    terminal.progress('leaving · the payment goes on'),
  )
  const started = performance.now()
  const done = new AbortController()
  let leftAt: number | undefined
  const looking = async (): Promise<Waited> => {
    for (;;) {
      // First what began it has its say: another process may have been quicker.
      await Bun.sleep(LOOK_MS)
      if (done.signal.aborted) return { entry: undefined, left: false }
      const entry = user.money.payment(hash) ?? undefined
      const now = performance.now()
      if (stop.asked()) leftAt ??= now
      const isOver = leftAt === undefined ? now - started > waitMs : now - leftAt > LEAVING_MS
      if (isOver || (entry && !isOut(entry)))
        return { entry, left: leftAt !== undefined && (!entry || isOut(entry)) }
      if (leftAt === undefined && now - started > 1_000)
        terminal.progress(
          `waiting for the wallet · ${showMs(now - started)} · Ctrl-C leaves it on its way`,
        )
    }
  }
  try {
    const ended = begun.then((entry): Waited | Promise<never> =>
      entry && !isOut(entry) ? { entry, left: false } : new Promise<never>(() => {}),
    )
    return await Promise.race([looking(), ended])
  } finally {
    done.abort()
    terminal.progress('')
    stop.release()
  }
}
