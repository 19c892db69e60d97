import { toSec, type UnixSec } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { signerOf } from '../../identity/signer.ts'
import { type Signed, tagValue } from '../../protocol/event.ts'
import type { EventId } from '../../protocol/ids.ts'
import { WALLET_EVENT_KINDS } from '../../protocol/kinds.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import { dialRelay, type Relay } from '../../transport/relay.ts'
import type { PaymentSeams } from '../wallet.ts'
import { newest, type ServiceInfo } from './info-event.ts'
import { notifiedHash, type Outcome, outcomeOf, sealerOf } from './sealed.ts'
import type { NwcUri } from './uri.ts'

/** How long a wallet may take for an answer, ms; a payment takes as long as its payer waits. */
export const REPLY_MS = 15_000
/** How long relays may take at the start, ms. */
const CONNECT_MS = 10_000
/** Requests without an answer at a time, and how many of them a filter names: relays have limits. */
const MOST_WAITING = 256
const MOST_NAMED = 64
/** How old what is sent to us may be, s: clocks differ, and a relay may have kept it for us. */
const SINCE_SEC = 600
/** Notifications that are known again; beyond, they are only looked up once more. */
const MOST_HEARD = 4_096

export type CallOptions = Readonly<{
  waitMs?: number
  /** From then on the wallet must ignore the request, however late a relay passes it on. */
  expires?: UnixSec
}>

/** A wallet service (NIP-47) at the other end of some relays. */
export interface NwcClient {
  /** For errors. */
  readonly name: string
  /**
   * Resolves when one relay listens.
   * @throws Fault `unavailable` `wallet.unreachable`
   */
  ready(): Promise<void>
  /** What the service says of itself to everybody: the newest info event, as far as a relay has one. */
  info(): ServiceInfo | null
  /** Asks, on all relays. It never rejects. */
  call(method: string, params: object, options?: CallOptions): Promise<Outcome>
  /** Called with the payment hash of a notification, and with null when some may have been missed. */
  onNews(call: (hash: string | null) => void): void
  close(): void
}

type Waiting = {
  method: string
  event: Signed
  given: Set<number>
  refusals: number
  stop: () => void
  resolve: (outcome: Outcome) => void
}

/**
 * Connects to all relays that the string names, and stays so. A request is one event, given to all of them, so
 * that the wallet knows its copies by their id; the first answer counts. An answer names the id of its request,
 * signed by the wallet's key: an old or foreign one fits no request that waits.
 * @param uri its secret is wiped
 * @throws Fault `usage` `wallet.connection` for a secret that is none
 */
export const openNwcClient = (uri: NwcUri, seams: PaymentSeams): NwcClient => {
  const { clock, random, secp } = seams
  const signer = signerFor(uri, seams)
  const sealer = sealerOf(uri.secret, uri.wallet)
  uri.secret.fill(0)
  const waiting = new Map<EventId, Waiting>()
  const hosts = uri.relays.map((relay) => new URL(relay).host).join(', ')
  const listening = Promise.withResolvers<void>()
  /** Notifications: each comes by every relay. */
  const heard = new ReplayCache(SINCE_SEC * 1000, MOST_HEARD)
  let info: ServiceInfo | null = null
  let lastTrouble = ''
  let news: (hash: string | null) => void = () => {}
  let over = false

  const finish = (id: EventId, outcome: Outcome): void => {
    const it = waiting.get(id)
    if (!it) return
    waiting.delete(id)
    it.stop()
    it.resolve(outcome)
  }

  const onEvent = (event: Signed): void => {
    if (event.kind === WALLET_EVENT_KINDS.info) {
      info = newest(info, event)
    } else if (event.kind === WALLET_EVENT_KINDS.response) {
      const it = waiting.get(tagValue(event, 'e') as EventId)
      if (it) finish(it.event.id, outcomeOf(sealer.open(event.content), it.method))
    } else if (!heard.seen(event.id, clock.now())) {
      heard.add(event.id, clock.now())
      const hash = notifiedHash(sealer.open(event.content))
      if (hash !== undefined) news(hash)
    }
  }

  const give = (it: Waiting, n: number): void => {
    const relay = relays[n]!
    if (!relay.ready() || it.given.has(n)) return
    it.given.add(n)
    relay.resubscribe()
    void relay.publish(it.event).then((delivery) => {
      if (delivery.state !== 'refused' || ++it.refusals < relays.length) return
      finish(it.event.id, { state: 'silent', why: `no relay takes requests: ${delivery.reason}` })
    })
  }

  const { info: about, response, notification } = WALLET_EVENT_KINDS
  const from = () => ({ authors: [uri.wallet], since: toSec(clock.now()) - SINCE_SEC })
  const filters = () => [
    { kinds: [about], authors: [uri.wallet] },
    { kinds: [response, notification], '#p': [signer.pubkey], ...from() },
  ]
  // NIP-47 says that an answer should name its client, and wallet services made with Alby's library do not. A relay that
  // gives everybody their own messages alone refuses this.
  const also = () => {
    const answered = [...waiting.keys()].slice(-MOST_NAMED)
    return answered.length > 0 ? [{ kinds: [response], '#e': answered, ...from() }] : []
  }
  const relays: Relay[] = uri.relays.map((address, n) =>
    dialRelay(
      address,
      {
        signer,
        filters,
        also,
        onEvent,
        onReady() {
          listening.resolve()
          lastTrouble = ''
          for (const it of waiting.values()) give(it, n)
          news(null)
        },
        onTrouble: (trouble) => (lastTrouble = trouble.message),
      },
      { clock, random, verifier: secp },
    ),
  )

  return {
    name: `the wallet behind ${hosts}`.slice(0, 120),
    async ready() {
      const late = Promise.withResolvers<never>()
      const stop = clock.after(CONNECT_MS, () => late.reject(unreachable(hosts, lastTrouble)))
      await Promise.race([listening.promise, late.promise]).finally(stop)
    },
    info: () => info,
    call(method, params, { waitMs = REPLY_MS, expires } = {}) {
      const { promise, resolve } = Promise.withResolvers<Outcome>()
      if (over || waiting.size >= MOST_WAITING) {
        resolve({ state: 'silent', why: over ? 'it was closed' : 'too much is asked at once' })
        return promise
      }
      const now = clock.now()
      const event = signer.sign({
        kind: WALLET_EVENT_KINDS.request,
        created_at: toSec(now),
        tags: [
          ['p', uri.wallet],
          ['encryption', 'nip44_v2'],
          ['expiration', String(expires ?? toSec(now) + SINCE_SEC)],
        ],
        content: sealer.seal({ method, params }),
      })
      const why = () =>
        relays.some((relay) => relay.ready()) ? `no answer within ${waitMs / 1000} s` : lastTrouble
      const stop = clock.after(waitMs, () => finish(event.id, { state: 'silent', why: why() }))
      const it: Waiting = { method, event, given: new Set(), refusals: 0, stop, resolve }
      waiting.set(event.id, it)
      relays.forEach((_, n) => give(it, n))
      return promise
    },
    onNews: (call) => (news = call),
    close() {
      over = true
      for (const relay of relays) relay.close()
      for (const id of waiting.keys()) finish(id, { state: 'silent', why: 'it was closed' })
    },
  }
}

const signerFor = ({ secret }: NwcUri, { secp, random }: PaymentSeams) => {
  try {
    return signerOf(secret, secp, random)
  } catch {
    throw new Fault('usage', 'wallet.connection', 'the secret of the connection string is no key')
  }
}

const unreachable = (hosts: string, trouble: string): Fault =>
  new Fault(
    'unavailable',
    'wallet.unreachable',
    `no relay of the wallet answers (${hosts.slice(0, 100)})${trouble && `: ${trouble.slice(0, 150)}`}`,
    { hint: 'see that the wallet is connected to its relays, or make a connection over others' },
  )
