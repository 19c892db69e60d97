// Attack 23 (docs/money.md) from the side of those who do not pay: routes of others, and letters that are forged.
import { describe, expect, test } from 'bun:test'
import { BOUNDS } from '../../base/bounds.ts'
import { unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { seededRandom } from '../../base/random.ts'
import { sealLetter } from '../../identity/letters.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import type { Signer } from '../../identity/seams.ts'
import { newSigner } from '../../identity/signer.ts'
import { credit } from '../../metering/tab.ts'
import type { Wallet, WalletInfo } from '../../payments/wallet.ts'
import { draftOf } from '../../protocol/draft.ts'
import { type Signed, eventText } from '../../protocol/event.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { admit } from '../../protocol/intake.ts'
import type { Message } from '../../protocol/messages.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import { memoryStore } from '../../storage/memory.ts'
import { openFee } from './fee.ts'
import { onMoney } from './money.ts'
import { chargeRoute, feeFor, forgetSession, mayRoute, takeRoute } from './packs.ts'
import { type JobRecord, type RouterEffect, type Turn, newRouterState } from './state.ts'

const secp = await openSecp256k1()
const random = seededRandom(23)
const NOW = unixMs(1_795_350_000_000)
const [router, other, payer, session, thief] = Array.from({ length: 5 }, () =>
  newSigner(secp, random),
) as [Signer, Signer, Signer, Signer, Signer]

const RULES = {
  verifier: secp,
  net: 'sim',
  isMe: (key: PubKey) => key === router.pubkey,
  startedAt: unixMs(0),
  replay: new ReplayCache(),
  freshnessMs: BOUNDS.freshnessMs,
} as const

const walletOf = (kind: WalletInfo['kind'], spend: boolean | null) =>
  ({
    info: async () => ({
      kind,
      net: 'sim',
      nodeKey: null,
      caps: {
        hold: false,
        bind: 'hash',
        granularity: msat(1n),
        push: true,
        spend,
        preimage: 'always',
        custodial: false,
      },
    }),
  }) as Partial<Wallet> as Wallet

/** A router with a pack of four routes, of which `payer` has bought one. */
const scene = async () => {
  const options = { store: memoryStore().money, pack: msat(4_000n), routes: 4 }
  const fee = await openFee({ ...options, wallet: walletOf('sim', true) }, router.pubkey, NOW)
  credit(
    fee.tabs,
    { payer: payer.pubkey, ref: payer.pubkey, seq: 1, received: msat(4_000n) },
    NOW,
    0,
  )
  const state = newRouterState({ signer: router, verifier: secp, net: 'sim', bounds: BOUNDS, fee })
  const hear = (from: Signer, inner: string, now = NOW): boolean => {
    // Long enough after the one before (counter.ts, mayAsk).
    state.deadlines.due(unixMs(now + 1_000))
    return said(from, inner, now) === ''
  }
  /** @returns what the router answers; nothing where it took it */
  const said = (from: Signer, inner: string, now = NOW): string => {
    const sealed = sealLetter(from, router.pubkey, inner, random)
    const outer = { now, net: 'sim', to: router.pubkey } as const
    const event = from.sign(draftOf('money', { sealed }, outer))
    const message = admit(eventText(event), RULES, now) as Message<'money'>
    const effects: RouterEffect[] = []
    onMoney({ state, now, random, effects }, 1, message)
    const answer = effects.find((it) => it.do === 'answer')
    if (answer?.do !== 'answer') throw new Error('no answer')
    return answer.accepted ? '' : answer.message
  }
  return { state, hear, said, left: (of: Signer) => feeFor(state, of.pubkey).pack!.left }
}

let nonce = 0
const showing = (by: Signer, to: PubKey = router.pubkey, now = NOW): Signed => {
  const said = { since: 0, nonce: String(nonce++).padStart(32, '0') }
  return by.sign(draftOf('tab_sync', said, { now, net: 'sim', to }))
}

describe('a session draws on a pack', () => {
  test('whose key has signed that it does, until it is gone', async () => {
    const { state, hear, left } = await scene()
    expect([left(session), mayRoute(state, session.pubkey)]).toEqual([0, false])
    expect(hear(session, eventText(showing(payer)))).toBe(true)
    expect([left(session), mayRoute(state, session.pubkey)]).toEqual([4, true])
    // Those that are open count as used.
    for (let n = 0; n < 4; n++) expect(takeRoute(state, session.pubkey)).toBe(payer.pubkey)
    expect([left(session), mayRoute(state, session.pubkey)]).toEqual([0, false])
    forgetSession(state, session.pubkey)
    expect(takeRoute(state, session.pubkey)).toBeNull()
  })

  test('not where somebody else signed for it', async () => {
    const { state, hear } = await scene()
    const forged = { ...showing(thief), pubkey: payer.pubkey }
    const resigned = { ...showing(payer), sig: showing(thief).sig }
    for (const event of [forged, resigned]) expect(hear(thief, eventText(event))).toBe(false)
    expect(hear(thief, 'nothing')).toBe(false)
    // Its own key is one that has bought nothing.
    expect(hear(thief, eventText(showing(thief)))).toBe(true)
    expect(mayRoute(state, thief.pubkey)).toBe(false)
  })

  test('nor by a letter that was heard before, is old, or was meant for another router', async () => {
    const { state, hear } = await scene()
    const letter = eventText(showing(payer))
    expect(hear(session, letter)).toBe(true)
    expect(hear(thief, letter)).toBe(false)
    const old = eventText(showing(payer, router.pubkey, unixMs(NOW - 120_000)))
    expect(hear(thief, old)).toBe(false)
    expect(hear(thief, eventText(showing(payer, other.pubkey)))).toBe(false)
    expect(mayRoute(state, thief.pubkey)).toBe(false)
  })

  test('and leaves nothing behind where it goes from one pack to the next, each asked for', async () => {
    const { state, hear } = await scene()
    for (let n = 0; n < 20; n++) {
      const key = newSigner(secp, random)
      const said = { for: 'route', ref: key.pubkey, msat: '4000', hold: null } as const
      const content = { ...said, nonce: String(nonce++).padStart(32, '0') }
      const to = router.pubkey
      expect(
        hear(session, eventText(key.sign(draftOf('fund', content, { now: NOW, net: 'sim', to })))),
      ).toBe(true)
    }
    expect(state.fee!.asking.size).toBeLessThanOrEqual(1)
    forgetSession(state, session.pubkey)
    expect([state.fee!.asking.size, state.fee!.packOf.size]).toEqual([0, 0])
  })

  test('and asks once in half a second, whatever key it takes; and anew once it has paid', async () => {
    const { state, said } = await scene()
    const fund = (by: Signer) => {
      const wish = { for: 'route', ref: by.pubkey, msat: '4000', hold: null } as const
      const content = { ...wish, nonce: String(nonce++).padStart(32, '0') }
      const to = router.pubkey
      return said(
        session,
        eventText(by.sign(draftOf('fund', content, { now: NOW, net: 'sim', to }))),
      )
    }
    const soon = expect.stringMatching(/^rate-limited: /)
    expect(fund(thief)).toBe('')
    expect([fund(thief), fund(newSigner(secp, random)), fund(thief)]).toEqual([soon, soon, soon])
    const { tabs } = state.fee!
    const paid = { payer: thief.pubkey, ref: thief.pubkey, seq: 1, received: msat(4_000n) }
    credit(tabs, paid, NOW, 0)
    expect([fund(thief), fund(thief)]).toEqual(['', soon])
    // The answers that it did not get are no answers in waiting.
    expect(state.fee!.book.wanted.size).toBe(1)
  })

  test('and an invoice is asked for by that key alone', async () => {
    const { state, hear } = await scene()
    const fund = (ref: PubKey, purpose: 'route' | 'topup') => {
      const said = { for: purpose, ref, msat: '4000', hold: null } as const
      const content = { ...said, nonce: String(nonce++).padStart(32, '0') }
      return eventText(
        thief.sign(draftOf('fund', content, { now: NOW, net: 'sim', to: router.pubkey })),
      )
    }
    expect(hear(thief, fund(payer.pubkey, 'route'))).toBe(true)
    expect(hear(thief, fund(thief.pubkey, 'topup'))).toBe(true)
    expect(state.fee!.book.wanted.size).toBe(0)
    expect(hear(thief, fund(thief.pubkey, 'route'))).toBe(true)
    expect([...state.fee!.book.wanted.values()]).toMatchObject([
      { payer: thief.pubkey, purpose: 'route', msat: msat(4_000n) },
    ])
  })
})

test('a job takes one route, however many receipts come of it, and none where it was not served', async () => {
  const { state, hear, left } = await scene()
  hear(session, eventText(showing(payer)))
  const turn = { state, now: NOW, random, effects: [] } as never as Turn
  const job = { pack: payer.pubkey, charged: false } as JobRecord
  const charged = (status: 'ok' | 'partial' | 'node_failed') => {
    const { length } = chargeRoute(turn, job, status)
    return [length, left(session)]
  }
  expect(charged('node_failed')).toEqual([0, 4])
  expect(charged('partial')).toEqual([1, 3])
  // It had moved: the node that had it before says so, too.
  expect(charged('ok')).toEqual([0, 3])
})

test.each([true, null])(
  'a wallet that can spend (%p) is refused, whatever anybody says',
  async (spend) => {
    const options = { store: memoryStore().money, pack: msat(4_000n), routes: 4 }
    for (const kind of ['phoenixd', 'lnd', 'nwc'] as const) {
      const opening = openFee({ ...options, wallet: walletOf(kind, spend) }, router.pubkey, NOW)
      await expect(opening).rejects.toMatchObject({ kind: 'refused', code: 'wallet.can_spend' })
    }
  },
)
