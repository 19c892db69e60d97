// The fee of a router, with router or client dead at every write and every wallet call: nothing is paid twice.
import { expect, test } from 'bun:test'
import { ended, paying } from './paying.ts'
import type { Deed } from './life.ts'
import { thinned } from './thinned.ts'
import type { World } from './world.ts'

const FEE = { pack: 10_000n, routes: 4 }
const MONEY: ReadonlySet<Deed> = new Set(['write', 'commit', 'invoice', 'lookup', 'pay', 'ask'])

type Crash = { party: string; at: number; side: 'before' | 'after' }

/** Three jobs, one after the other; who dies is back a second later. When all invoices are over, a fourth. */
const run = async (crash?: Crash) => {
  const { it } = await paying({ fee: FEE, ...(crash && { crash }) }, (world) => {
    world.onCrash = (party) => void world.clock.after(1_000, () => void world.start(party))
  })
  const ends: string[] = []
  for (let n = 0; n < 4; n++) {
    if (n === 3) await it.clock.advance(240_000)
    for (let waited = 0; !it.clients[0]!.client && waited < 5_000; waited += 100)
      await it.clock.advance(100)
    const asked = it.request(it.clients[0]!.client!, {})
    await ended(it, asked, 40_000)
    await it.clock.advance(1_000)
    const { outcome } = asked
    ends.push(outcome?.receipt?.status ?? outcome?.fault?.code ?? 'died')
  }
  return { it, ends }
}

/** What the router has, and what both books say of it. */
const sums = async (it: World) => {
  const { store, signer } = it.routerParty
  const [tab] = store.money.tabs(signer.pubkey)
  const { views } = it.clients[0]!.store.money.spending(it.clock.now())
  const view = views.find(({ payee }) => payee === signer.pubkey)
  return {
    has: Number(await it.bank!.balance('router', it.clock)),
    paid: Number(tab?.paid ?? 0n),
    viewPaid: Number(view?.paid ?? 0n),
    used: Number((tab?.used ?? 0n) / 2_500n),
  }
}

for (const party of ['router', 'client 0'])
  test(`${party} dies at each write and wallet call: one pack is paid, and it is there`, async () => {
    const whole = await run()
    expect(whole.ends).toEqual(['ok', 'ok', 'ok', 'ok'])
    const { deeds } = party === 'router' ? whole.it.routerParty : whole.it.clients[0]!
    await whole.it.close()
    const points = deeds.flatMap((deed, i) => (MONEY.has(deed) ? [i + 1] : []))
    expect(points.length).toBeGreaterThan(5)
    const sides = points.flatMap((at) => [
      { at, side: 'before' } as const,
      { at, side: 'after' } as const,
    ])
    for (const { at, side } of thinned(sides, 11)) {
      const { it, ends } = await run({ party, at, side })
      const { used, ...money } = await sums(it)
      const where = { party, at, side, deed: deeds[at - 1], ends, used }
      // No settled payment is lost, on either side, and none is made twice; and it goes on.
      expect({ ...where, ...money }).toEqual({
        ...where,
        has: 10_000,
        paid: 10_000,
        viewPaid: 10_000,
      })
      // A client that dies while its last statement is written never says how that job ended.
      const isLast = party !== 'router' && ends.slice(0, 3).every((end) => end === 'ok')
      const last = isLast && ends[3] === 'died' ? 'died' : 'ok'
      expect({ ...where, last: ends[3] }).toEqual({ ...where, last })
      // One route a job at most. What the router had forgotten of a job costs none.
      expect({ ...where, few: used >= 1 && used <= 4 }).toEqual({ ...where, few: true })
      expect(it.faults).toEqual([])
      await it.close()
    }
  }, 600_000)
