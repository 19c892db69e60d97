// Wallets behind NWC that receive, while relays and services lose, repeat and make up what is said.
import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { toSec } from '../../src/engine/base/clock.ts'
import { newTerms, sats } from '../../src/engine/payments/specimen.conformance.ts'
import { WALLET_EVENT_KINDS as KINDS } from '../../src/engine/protocol/kinds.ts'
import { nwcWalletSpecimen } from './nwc-specimens.ts'
import { openNwcStage } from './nwc-stage.ts'

const stage = await openNwcStage()
const { clock, closing, lightning, relays, until, urls } = stage
afterEach(stage.reset)
afterAll(stage.close)

const AMOUNT = sats(21)

describe('a payment that arrives', () => {
  const receive = async () => {
    const specimen = await nwcWalletSpecimen(lightning, clock, urls)
    closing.push(
      () => specimen.stop?.(),
      () => specimen.wallet.close(),
    )
    const told: string[] = []
    specimen.wallet.subscribe(({ paymentHash, state }) => told.push(`${paymentHash} ${state}`))
    const wish = { msat: AMOUNT, terms: newTerms(1), expirySec: 120 }
    const { bolt11, paymentHash } = await specimen.wallet.createInvoice(wish)
    return { ...specimen, told, bolt11, settled: `${paymentHash} settled`, paymentHash }
  }

  test('is heard of where its notification is lost', async () => {
    const its = await receive()
    its.service.mischief.losesNotifications = true
    expect(await its.payFromOutside(its.bolt11)).toBe('settled')
    await Bun.sleep(10)
    expect(its.told).toEqual([])
    clock.shift(30_000)
    await until(() => its.told.includes(its.settled))
  })

  test('is heard of after the relays were away', async () => {
    const its = await receive()
    await Promise.all(relays.map((relay) => relay.stop()))
    expect(await its.payFromOutside(its.bolt11)).toBe('settled')
    await Promise.all(relays.map((relay) => relay.restart()))
    await until(() => {
      clock.shift(20)
      return its.told.includes(its.settled)
    })
  })

  test('is not believed because a relay repeats or makes up what a wallet said', async () => {
    const its = await receive()
    const other = await its.wallet.createInvoice({
      msat: AMOUNT,
      terms: newTerms(2),
      expirySec: 120,
    })
    expect(await its.payFromOutside(other.bolt11)).toBe('settled')
    await until(() => its.told.length === 1)
    const old = relays[0]!.published.findLast(({ kind }) => kind === KINDS.notification)!
    const early = its.service.signer.sign({
      ...old,
      created_at: toSec(clock.now()),
      content: its.service.seal({ notification: { payment_hash: its.paymentHash } }),
    })
    const asked = its.service.requests.length
    for (const relay of relays) {
      relay.pass(old)
      relay.pass({ ...old, content: early.content })
      relay.pass(early)
    }
    await until(() => its.service.requests.length > asked)
    await Bun.sleep(20)
    // One look, for what the wallet itself said too early.
    expect(its.service.requests).toHaveLength(asked + 1)
    expect(its.told.filter((word) => word === its.settled)).toEqual([])
    expect((await its.wallet.lookup(its.paymentHash)).state).toBe('open')
  })
})
