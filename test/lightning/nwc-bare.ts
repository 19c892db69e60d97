import { nip44 } from 'nostr-tools'
import { toHex } from '../../src/engine/base/bytes.ts'
import { toSec, type UnixSec } from '../../src/engine/base/clock.ts'
import { seededRandom, systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import type { Signer } from '../../src/engine/identity/seams.ts'
import { signerOf } from '../../src/engine/identity/signer.ts'
import type { PaymentSeams } from '../../src/engine/payments/wallet.ts'
import { type Signed, tagValue } from '../../src/engine/protocol/event.ts'
import { WALLET_EVENT_KINDS as KINDS } from '../../src/engine/protocol/kinds.ts'
import { type FakeRelay, openFakeRelay, type RelayMischief } from '../fakes/relay.ts'
import { shiftingClock } from './shifting-clock.ts'

type Params = Readonly<Record<string, unknown>>
/** What a wallet service says to a request: an answer, or nothing. */
export type Script = (method: string, params: Params, event: Signed) => object | undefined

const secp = await openSecp256k1()
const chance = seededRandom(47)
const RELAYS = 1

/**
 * The other side of the adapter's wire, with the secrets of both: fake relays, and a service that answers by a
 * script, or what a test makes it say. It reads requests off the relays' own list, so it is at all of them at once.
 */
export const bareService = async (
  options: Readonly<{
    relays?: number
    mischief?: Partial<RelayMischief>
    /** Tags and content of the info event; null for none. Default: NIP-44, and all methods. */
    info?: { content: string; tags: string[][] } | null
  }> = {},
) => {
  const clock = shiftingClock()
  const relays: FakeRelay[] = []
  for (let i = 0; i < (options.relays ?? RELAYS); i++)
    relays.push(await openFakeRelay(options.mischief))
  const [secret, theirs] = [chance.bytes(32), chance.bytes(32)]
  const signer = signerOf(secret, secp, systemRandom)
  const client = signerOf(theirs, secp, systemRandom)
  const key = nip44.getConversationKey(secret, client.pubkey)
  const requests: { method: string; params: Params; event: Signed; relay: number }[] = []
  let script: Script = () => undefined

  const sealed = (value: object): string => nip44.encrypt(JSON.stringify(value), key)
  const event = (
    kind: number,
    tags: string[][],
    content: string,
    by: Signer = signer,
    ageSec = 0,
  ): Signed =>
    by.sign({ kind, created_at: (toSec(clock.now()) - ageSec) as UnixSec, tags, content })
  const answerTo = (request: string, said: object, by?: Signer): Signed =>
    event(
      KINDS.response,
      [
        ['p', client.pubkey],
        ['e', request],
      ],
      sealed(said),
      by,
    )

  relays.forEach((relay, n) =>
    relay.onPublished((request) => {
      if (request.kind !== KINDS.request || tagValue(request, 'p') !== signer.pubkey) return
      const { method, params } = JSON.parse(nip44.decrypt(request.content, key))
      requests.push({ method, params, event: request, relay: n })
      const said = script(method, params, request)
      if (said) relay.pass(answerTo(request.id, said))
    }),
  )
  const info = options.info === undefined ? INFO : options.info
  if (info) for (const it of relays) it.stored.push(event(KINDS.info, info.tags, info.content))

  const seams: PaymentSeams = { clock, random: systemRandom, secp, net: 'regtest' }
  const urls = relays.map(({ url }) => url)
  const query = urls.map((url) => `relay=${encodeURIComponent(url)}`).join('&')
  return {
    clock,
    seams,
    relays,
    signer,
    client,
    requests,
    /** Puts words into its mouth. */
    script: (it: Script) => void (script = it),
    sealed,
    event,
    answerTo,
    secret: toHex(theirs),
    uri: `nostr+walletconnect://${signer.pubkey}?${query}&secret=${toHex(theirs)}`,
    async close(): Promise<void> {
      for (const relay of relays) await relay.close()
    },
  }
}

export type BareService = Awaited<ReturnType<typeof bareService>>

const INFO = {
  content:
    'get_info make_invoice lookup_invoice pay_invoice make_hold_invoice settle_hold_invoice cancel_hold_invoice notifications',
  tags: [
    ['encryption', 'nip44_v2 nip04'],
    ['notifications', 'payment_received hold_invoice_accepted'],
  ],
}

/** An answer that is a result, or an error. */
export const done = (method: string, result: object | null): object => ({
  result_type: method,
  error: null,
  result,
})
export const failed = (method: string, code: string, message = ''): object => ({
  result_type: method,
  error: { code, message },
  result: null,
})

/** Waits for real. */
export const until = async (check: () => unknown): Promise<void> => {
  for (let i = 0; i < 2_000; i++) {
    if (check()) return
    await Bun.sleep(1)
  }
  throw new Error(`never: ${check}`)
}
