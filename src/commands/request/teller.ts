import type { LateNews, News } from '../../engine/roles/client/news.ts'
import type { PaymentHash } from '../../engine/protocol/ids.ts'
import type { EventNews } from './lines.ts'
import type { Printer } from './print.ts'

/** Where news of a job go: to what shows it; what comes when that is over, as a line. Each payment is said once. */
export type Teller = Readonly<{
  /** Payments that were said to be made, and to be paid. */
  said: Readonly<Record<'paying' | 'paid', ReadonlySet<PaymentHash>>>
  to(printer: Pick<Printer, 'news'> | null): void
  news(news: News): Promise<void>
  /** What nobody waits for (ClientOptions.background). */
  background(news: LateNews): void
}>

/** @param say what there is no printer for */
export const teller = (say: (news: EventNews) => void): Teller => {
  const said = { paying: new Set<PaymentHash>(), paid: new Set<PaymentHash>() }
  let shows: Pick<Printer, 'news'> | null = null
  const isNew = (news: News): boolean => {
    if (news.type !== 'paid' && news.type !== 'paying') return true
    const hashes = said[news.type]
    const known = hashes.has(news.hash)
    hashes.add(news.hash)
    return !known
  }
  return {
    said,
    to: (printer) => void (shows = printer),
    news: async (news) => {
      if (isNew(news)) await shows?.news(news)
    },
    background: (news) => {
      if (!isNew(news)) return
      if (shows) void shows.news(news)
      else say(news)
    },
  }
}
