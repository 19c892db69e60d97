import { nip44 } from 'nostr-tools'
import { fromHex, toHex } from '../../src/engine/base/bytes.ts'
import { toSec } from '../../src/engine/base/clock.ts'
import { type Random, systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { signerOf } from '../../src/engine/identity/signer.ts'
import type { InvoiceStatus } from '../../src/engine/payments/wallet.ts'
import { type Signed, tagValue } from '../../src/engine/protocol/event.ts'
import { WALLET_EVENT_KINDS } from '../../src/engine/protocol/kinds.ts'
import { dialRelay, type Relay } from '../../src/engine/transport/relay.ts'
import { type Backend, type Methods, Refusal, methodsOver, refusalOf } from './nwc-methods.ts'

/** What real wallet services were seen to do; all can be changed while it runs. */
export type Mischief = {
  /** How it answers: as it should, by an error to everything, by a page of HTML, or not at all. */
  answers: 'well' | 'refuses' | 'nonsense' | 'never'
  /** So late an answer comes, in ms of the clock, and so often; notifications too. */
  lateMs: (method: string) => number
  copies: number
  /** One request that came by two relays is two requests. */
  forgetsIds: boolean
  losesNotifications: boolean
  encryption: string | null
  preimage: 'right' | 'zeros' | 'none' | 'wrong'
  /** `pay_invoice` is answered by this code, or this result, at once, while the payment goes on. */
  payError: string | null
  payResult: object | null
  /** `description_hash` is taken, refused, or left out without a word. */
  hash: 'takes' | 'refuses' | 'ignores'
  /** Changes a result before it is sent. */
  changes: (method: string, result: Record<string, unknown>) => object
}

const HONEST: Mischief = {
  answers: 'well',
  lateMs: () => 0,
  copies: 1,
  forgetsIds: false,
  losesNotifications: false,
  encryption: 'nip44_v2',
  preimage: 'right',
  payError: null,
  payResult: null,
  hash: 'takes',
  changes: (_, result) => result,
}

export const RECEIVE = ['get_info', 'make_invoice', 'lookup_invoice'] as const
export const HOLD = ['make_hold_invoice', 'settle_hold_invoice', 'cancel_hold_invoice'] as const
export const PAY = ['get_info', 'pay_invoice', 'lookup_invoice', 'get_balance'] as const

export type ServiceOptions = Backend &
  Readonly<{
    relays: readonly string[]
    /** What the connection may do. */
    methods: readonly string[]
    notifications?: readonly string[]
    /** false: there is no info event, as on a relay that drops old ones. */
    publishesInfo?: boolean
    network?: string | null
    mischief?: Partial<Mischief>
  }>

/**
 * A wallet service of NIP-47 with one connection, over any wallet of our seams: what the adapter and the clients
 * of others are tested by. Ready when its info event lies at all its relays.
 */
export const openNwcService = async (options: ServiceOptions) => {
  const {
    clock,
    methods: allowed,
    notifications = ['payment_received', 'hold_invoice_accepted'],
  } = options
  const mischief: Mischief = { ...HONEST, ...options.mischief }
  const secp = await openSecp256k1()
  const [secret, theirSecret] = [randomKey(systemRandom), randomKey(systemRandom)]
  const signer = signerOf(secret, secp, systemRandom)
  const client = signerOf(theirSecret, secp, systemRandom).pubkey
  const key = nip44.getConversationKey(secret, client)
  const requests: { method: string; params: Record<string, unknown>; event: Signed }[] = []
  const seen = new Set<string>()
  const over = methodsOver(options)
  const methods: Methods = {
    ...over.methods,
    get_info: async () => ({
      alias: 'test',
      pubkey: (await options.wallet.info()).nodeKey,
      ...(options.network !== null && { network: options.network ?? 'regtest' }),
      methods: allowed,
      notifications,
    }),
  }

  const publish = (kind: number, tags: string[][], content: string): Promise<unknown> => {
    const event = signer.sign({ kind, created_at: toSec(clock.now()), tags, content })
    return Promise.all(relays.map((relay) => relay.publish(event)))
  }
  const answer = (to: Signed, text: string, lateMs = 0): void => {
    const tags = [
      ['p', client],
      ['e', to.id],
    ]
    const send = () => void publish(WALLET_EVENT_KINDS.response, tags, nip44.encrypt(text, key))
    const later = () => {
      for (let i = 0; i < mischief.copies; i++) send()
    }
    if (lateMs > 0) clock.after(lateMs, later)
    else later()
  }

  const perform = async (method: string, params: Record<string, unknown>): Promise<object> => {
    const call = allowed.includes(method) ? methods[method] : undefined
    if (!call) throw new Refusal('RESTRICTED', `this connection may not ${method}`)
    if (mischief.answers === 'refuses') throw new Error('a database is locked')
    if (params.description_hash !== undefined && mischief.hash === 'refuses')
      throw new Error('description_hash is not supported')
    const { description_hash, ...rest } = params
    const result = await call(
      mischief.hash === 'ignores'
        ? rest
        : { ...rest, ...(description_hash !== undefined && { description_hash }) },
    )
    return mischief.changes(method, withPreimage({ ...result }, mischief.preimage))
  }

  const onRequest = async (event: Signed): Promise<void> => {
    if (seen.has(event.id) && !mischief.forgetsIds) return
    seen.add(event.id)
    const expires = tagValue(event, 'expiration')
    if (expires !== undefined && Number(expires) <= toSec(clock.now())) return
    if (mischief.answers === 'never' || !speaks(mischief, event)) return
    const { method, params } = JSON.parse(nip44.decrypt(event.content, key))
    requests.push({ method, params, event })
    if (mischief.answers === 'nonsense')
      return answer(event, '<html><h1>502 Bad Gateway</h1></html>')
    const outcome = perform(method, params).then(
      (result) => ({ error: null, result }),
      (thrown: unknown) => ({ error: refusalOf(thrown), result: null }),
    )
    const lie = method === 'pay_invoice' ? early(mischief, params) : undefined
    answer(
      event,
      JSON.stringify({ result_type: method, ...(lie ?? (await outcome)) }),
      mischief.lateMs(method),
    )
  }

  const notify = (status: InvoiceStatus): void => {
    const type = TYPES[status.state]
    if (mischief.losesNotifications || !type || !notifications.includes(type)) return
    const said = { notification_type: type, notification: over.transaction(status) }
    const content = nip44.encrypt(JSON.stringify(said), key)
    for (let i = 0; i < mischief.copies; i++)
      void publish(WALLET_EVENT_KINDS.notification, [['p', client]], content)
  }

  const ready = options.relays.map(() => Promise.withResolvers<void>())
  const filters = () => [
    {
      kinds: [WALLET_EVENT_KINDS.request],
      '#p': [signer.pubkey],
      authors: [client],
      since: toSec(clock.now()) - 60,
    },
  ]
  const relays: Relay[] = options.relays.map((address, n) =>
    dialRelay(
      address,
      {
        signer,
        filters,
        onEvent: (event) => void onRequest(event),
        onReady: () => ready[n]!.resolve(),
      },
      { clock, random: systemRandom, verifier: secp },
    ),
  )
  await Promise.all(ready.map(({ promise }) => promise))
  const info = [
    ...(mischief.encryption === null ? [] : [['encryption', mischief.encryption]]),
    ['notifications', notifications.join(' ')],
  ]
  if (options.publishesInfo !== false)
    await publish(WALLET_EVENT_KINDS.info, info, [...allowed, 'notifications'].join(' '))
  const unsubscribe = options.wallet.subscribe(notify)

  const query = options.relays.map((it) => `relay=${encodeURIComponent(it)}`).join('&')
  return {
    uri: `nostr+walletconnect://${signer.pubkey}?${query}&secret=${toHex(theirSecret)}`,
    secret: toHex(theirSecret),
    key: signer.pubkey,
    client,
    signer,
    mischief,
    /** All that was asked and could be read. */
    requests,
    /** Seals what the service would say to its client. */
    seal: (said: object) => nip44.encrypt(JSON.stringify(said), key),
    async close(): Promise<void> {
      unsubscribe()
      for (const relay of relays) relay.close()
    },
  }
}

export type NwcService = Awaited<ReturnType<typeof openNwcService>>

const randomKey = (random: Random): Uint8Array => fromHex(toHex(random.bytes(32)))

const speaks = ({ encryption }: Mischief, event: Signed): boolean =>
  (encryption ?? '').includes('nip44_v2') && tagValue(event, 'encryption') === 'nip44_v2'

/** What is said of a payment that has only begun. */
const early = (
  { payError, payResult }: Mischief,
  { invoice }: Record<string, unknown>,
): object | undefined => {
  if (payError !== null)
    return { error: { code: payError, message: `of ${invoice}` }, result: null }
  return payResult ? { error: null, result: payResult } : undefined
}

const withPreimage = (
  result: Record<string, unknown>,
  how: Mischief['preimage'],
): Record<string, unknown> => {
  if (how === 'right' || typeof result.preimage !== 'string') return result
  if (how === 'none') return { ...result, preimage: undefined }
  return { ...result, preimage: how === 'zeros' ? '0'.repeat(64) : 'ab'.repeat(32) }
}

const TYPES: Readonly<Partial<Record<InvoiceStatus['state'], string>>> = {
  settled: 'payment_received',
  accepted: 'hold_invoice_accepted',
}
