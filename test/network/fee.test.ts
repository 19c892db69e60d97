// A router's own fee: packs of routes, paid ahead to its wallet, used up by jobs that were served.
import { describe, expect, test } from 'bun:test'
import { textPieces } from '../fakes/scripted-runner.ts'
import { ended, paying, toldOf, words } from './paying.ts'
import type { Asked, World } from './world.ts'

const FEE = { pack: 10_000n, routes: 4 }

/** What the router knows of its packs: paid, used, msat. */
const packsOf = (it: World) => {
  const { life, signer } = it.routerParty
  return life!.store.money.tabs(signer.pubkey).map(({ paid, used }) => ({ paid, used }))
}

const balances = async (it: World) => ({
  router: await it.bank!.balance('router', it.clock),
  client: await it.bank!.balance('client 0', it.clock),
})

const codeOf = (asked: Asked) => asked.outcome?.fault?.code ?? null

test('a pack is bought before the first job, and told of first; jobs use it up; then the next is bought', async () => {
  const { it, client } = await paying({ fee: FEE })
  const first = it.request(client, {})
  await ended(it, first)
  expect(codeOf(first)).toBeNull()
  expect(toldOf(first).slice(0, 5)).toEqual(['offers', 'fee', 'funding', 'paying', 'paid'])
  expect(first.news.find((news) => news.type === 'fee')).toEqual({
    type: 'fee',
    router: it.routerParty.signer.pubkey,
    msat: 10_000n as never,
    routes: 4,
  })
  expect(first.outcome!.fee).toBe(2_500n as never)
  expect(packsOf(it)).toEqual([{ paid: 10_000n as never, used: 2_500n as never }])
  expect((await balances(it)).router).toBe(10_000n)

  for (let n = 0; n < 3; n++) {
    const next = it.request(client, {})
    await ended(it, next)
    expect(codeOf(next)).toBeNull()
    expect(toldOf(next)).not.toContain('fee')
    expect(next.outcome!.fee).toBe(2_500n as never)
  }
  expect(packsOf(it)).toEqual([{ paid: 10_000n as never, used: 10_000n as never }])

  const fifth = it.request(client, {})
  await ended(it, fifth)
  expect(codeOf(fifth)).toBeNull()
  // It was told the first time, before anything was paid.
  expect(toldOf(fifth)).not.toContain('fee')
  expect(packsOf(it)).toEqual([{ paid: 20_000n as never, used: 12_500n as never }])
  // Its own books say the same as the router's.
  const view = it.bank!.purseOf.get('client 0')!.view(it.routerParty.signer.pubkey)
  expect({ paid: view.paid, used: view.used }).toEqual(packsOf(it)[0]!)
  await it.close()
  expect(it.faults).toEqual([])
})
