import { type Clock, systemClock } from '../../base/clock.ts'
import { Fault, type FaultKind } from '../../base/fault.ts'
import { type Pinned, shortNpub } from '../../identity/keys.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { type ClientOptions, openClient } from './client.ts'
import type { Client, News, Waiting, Wish } from './news.ts'

/** A router that could not take a job, and why. */
export type Skipped = Readonly<{ router: Pinned; fault: Fault }>

export type SeveralOptions = Omit<ClientOptions, 'router' | 'connectMs' | 'patient'> &
  Readonly<{
    /** In the order in which they are asked; one at least. */
    routers: readonly Pinned[]
    /** Told of each router that is passed over for the next. */
    skipped?: (skipped: Skipped) => void
  }>

type Offers = Awaited<ReturnType<Client['offers']>>

/** A client that knows several routers. */
export interface Several {
  /**
   * As Client.request. The next router is asked only as long as nothing was sent to a node; where all of
   * several were asked and one is merely busy or crowded, all are asked again for as long as the wish waits.
   */
  request(wish: Wish, signal?: AbortSignal): AsyncIterable<News>
  /** As Client.offers, of the first router that has any. */
  offers(wish: Wish): Promise<Offers & { router: PubKey }>
  close(): Promise<void>
}

/** A router that is not there must not cost more than this, where there is another one to ask. */
const CONNECT_MS = 2_000

/**
 * One client for each router, each with a session key of its own unless a `signer` is given, opened when
 * its turn comes. They are asked one after the other: asking all at once would hold a ticket at each,
 * and show all of them what is wanted.
 * @throws nothing here; what Client.request tells, with a Fault `routers.none` that names each router
 *   and its reason where none of several could take a job
 */
export const openSeveral = ({ routers, skipped, ...options }: SeveralOptions): Several => {
  const clock = options.clock ?? systemClock
  const clients = new Map<Pinned, Promise<Client>>()

  const clientOf = (router: Pinned): Promise<Client> => {
    const isLast = router === routers.at(-1)
    const opening =
      clients.get(router) ??
      openClient({
        ...options,
        router,
        patient: routers.length === 1,
        ...(!isLast && { connectMs: CONNECT_MS }),
      })
    clients.set(router, opening)
    opening.catch(() => clients.delete(router))
    return opening
  }
  const leave = async (router: Pinned): Promise<void> => {
    const client = clients.get(router)
    clients.delete(router)
    await (await client)?.close()
  }
  /** Passes over a router; what to say instead of its fault where it was the last one. */
  const passOver = async (
    tried: Skipped[],
    it: Skipped,
    silently = false,
  ): Promise<Fault | undefined> => {
    tried.push(it)
    if (tried.length === routers.length) return together(tried)
    if (!silently) skipped?.(it)
    await leave(it.router)
    return undefined
  }

  return {
    async *request(wish, signal) {
      // Not by the time of day: a clock that is set ahead must not end a job.
      const began = clock.ticks()
      const leftOf = (span: number): number => Math.max(0, span - Math.round(clock.ticks() - began))
      for (let round = 0; ; round++) {
        const tried: Skipped[] = []
        for (const router of routers) {
          const client = await clientOf(router)
          const times = { deadlineMs: leftOf(wish.deadlineMs), waitMs: leftOf(wish.waitMs) }
          const asked = { ...wish, ...times, deadlineMs: Math.max(1, times.deadlineMs) }
          let sent = false
          for await (const news of client.request(asked, signal)) {
            if (news.type !== 'ended') {
              // Some node was given it before, and the router is the one to know which.
              sent ||= news.type === 'again' || (news.type === 'waiting' && news.why === 'used')
              yield news
              continue
            }
            const { outcome } = news
            sent ||= outcome.bundle.job !== undefined
            if (!outcome.fault || sent || !mayMoveOn(outcome.fault)) return yield news
            const fault = await passOver(tried, { router, fault: outcome.fault }, round > 0)
            if (!fault) continue
            const wait = waitOf(tried, times)
            if (wait.ms === 0) return yield { type: 'ended', outcome: { ...outcome, fault } }
            if (round === 0)
              yield { type: 'waiting', why: wait.why, untilMs: clock.now() + wait.ms }
            const ms = Math.min(wait.ms, AGAIN_MS * 2 ** Math.min(round, 2))
            await leave(router)
            await pause(clock, ms, signal)
          }
        }
      }
    },
    async offers(wish) {
      const tried: Skipped[] = []
      for (const router of routers) {
        const client = await clientOf(router)
        try {
          return { ...(await client.offers(wish)), router: router.key }
        } catch (error) {
          if (!(error instanceof Fault) || !mayMoveOn(error)) throw error
          const fault = await passOver(tried, { router, fault: error })
          if (fault) throw fault
        }
      }
      throw new Fault('bug', 'routers.empty', 'a client without a router cannot ask')
    },
    async close() {
      const open = [...clients.keys()]
      await Promise.all(open.map(leave))
    },
  }
}

/** Why the next router may do better. A deadline that passed is over everywhere; Ctrl-C too. */
const MOVES_ON: ReadonlySet<FaultKind> = new Set([
  'unavailable',
  'again',
  'verification',
  'refused',
  'data',
])

const mayMoveOn = ({ kind, code }: Fault): boolean => MOVES_ON.has(kind) && code !== 'job.timeout'

/** For what, and how long, all of several routers may be asked again; 0 ms where that is of no use. */
const waitOf = (tried: readonly Skipped[], { deadlineMs, waitMs }: Times): Wait => {
  const says = (code: string): boolean => tried.some(({ fault }) => fault.code === code)
  // One alone has waited for itself (again.ts).
  if (tried.length === 1) return { why: 'busy', ms: 0 }
  if (says('router.rate_limited')) return { why: 'limited', ms: deadlineMs }
  const why = says('offers.busy') ? 'busy' : says('dial.crowded') ? 'crowded' : null
  return why ? { why, ms: Math.min(waitMs, deadlineMs) } : { why: 'busy', ms: 0 }
}

type Times = Pick<Wish, 'deadlineMs' | 'waitMs'>
type Wait = { why: Waiting; ms: number }

/** Ends early when it is stopped. */
const pause = (clock: Clock, ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const stop = clock.after(ms, resolve)
    signal?.addEventListener('abort', () => (stop(), resolve()), { once: true })
  })

/** Each time it is a whole dial of each: that is not done five times a second. */
const AGAIN_MS = 500

/** Who came nearest to taking the job decides what the whole is called: first what will pass by itself. */
const NEAREST: readonly FaultKind[] = ['again', 'refused', 'data', 'verification', 'unavailable']

const together = (tried: readonly Skipped[]): Fault => {
  const [first] = tried
  if (tried.length === 1) return first!.fault
  const nearest = tried.toSorted((a, b) => rankOf(a) - rankOf(b))[0]!.fault
  const reasons = tried.map(
    ({ router, fault }) => `${shortNpub(router.key)} at ${router.address}: ${fault.message}`,
  )
  return new Fault(
    nearest.kind,
    'routers.none',
    `none of ${tried.length} routers can take this job`,
    {
      hint: [...reasons, ...(nearest.hint === undefined ? [] : [nearest.hint])].join('\n'),
      cause: nearest,
    },
  )
}

const rankOf = ({ fault }: Skipped): number => NEAREST.indexOf(fault.kind)
