import { expect, test } from 'bun:test'
import { HELD, PRICE, holding, paymentsOf, summary } from './holding.ts'
import { checkMoney } from './money-books.ts'
import type { Crash, Deed } from './life.ts'
import { quickSecp } from './quick-secp.ts'
import { thinned } from './thinned.ts'
import type { Asked, World } from './world.ts'

const FULL = 1_000_000n

type Point = Crash & { party: string }
type Played = Readonly<{ deeds: ReadonlyMap<string, readonly Deed[]>; asked: Asked; paid: boolean }>

type How = Readonly<{ tab: 'on' | 'off'; settleMs: number }>

/** One job by hold, in which one party crashes at one of its deeds and is back half a second later. */
const play = async ({ tab, settleMs }: How, crash?: Point): Promise<Played> => {
  const script = { pieces: summary(), pieceMs: 100 }
  const { it } = await holding({ script, secp: quickSecp(), ...(crash && { crash }) }, (world) => {
    world.bank!.tab = tab
    world.bank!.wrapWallet = (wallet) => ({
      ...wallet,
      hold: {
        ...wallet.hold!,
        settle: async (preimage) => {
          if (settleMs > 0)
            await new Promise<void>((done) => void world.clock.after(settleMs, done))
          return wallet.hold!.settle(preimage)
        },
      },
    })
    world.onCrash = (party) => void world.clock.after(500, () => void world.start(party))
  })
  await it.clock.advance(1_000)
  const asked = it.request(it.clients[0]!.client!, HELD)
  for (let ms = 0; ms < 120_000 && !asked.outcome && asked.alive(); ms += 250)
    await it.clock.advance(250)
  // What is held is let go of within 90 s, and looked up within a minute after.
  await it.clock.advance(100_000)
  // One that was written and never sent is called failed when nobody can pay its invoice any more.
  for (let ms = 0; ms < 600_000 && isOpen(it); ms += 10_000) await it.clock.advance(10_000)
  await checkAll(it, asked)
  const deeds = new Map(partiesOf(it).map((party) => [party.name, [...party.deeds]]))
  const paid = (await it.bank!.balance('node 0', it.clock)) > 0n
  await it.close()
  return { deeds, asked, paid }
}

const isOpen = (it: World): boolean =>
  paymentsOf(it.clients[0]!).some(({ state }) => state !== 'settled' && state !== 'failed')

const partiesOf = (it: World) => [it.routerParty, ...it.nodes, ...it.clients]

const checkAll = async (it: World, asked: Asked): Promise<void> => {
  expect(it.faults, 'broken').toEqual([])
  await checkMoney(it, false)
  const has = await it.bank!.balance('client 0', it.clock)
  const got = await it.bank!.balance('node 0', it.clock)
  expect(has + got, 'money that is still locked').toBe(FULL)
  expect([0n, PRICE], 'a part of the price').toContain(got)
  expect(isOpen(it), 'a payment without an end').toBe(false)
  const states = paymentsOf(it.clients[0]!).map(({ state }) => state)
  expect(states.filter((state) => state === 'settled').length, 'paid').toBe(got === 0n ? 0 : 1)
  // Whoever lost it with a process that died finds it, and only where it is paid.
  const kept = it.bank!.purseOf.get('client 0')!.results.all()
  if (got === 0n) expect(kept, 'opened for nothing').toEqual([])
  else expect(kept, 'paid, and no result').toMatchObject([{ output: { text: 'hello' } }])
  if (!asked.outcome) return
  const { fault, output, receipt } = asked.outcome
  if (got === 0n) expect(output, 'a result for nothing').toBeNull()
  if (fault === null) expect(receipt!.status).toBe('ok')
  if (receipt?.status === 'ok') expect(got).toBe(PRICE)
}

const pointsOf = ({ deeds }: Played): Point[] =>
  [...deeds].flatMap(([party, done]) =>
    done.flatMap((_deed, i) =>
      (['before', 'after'] as const).map((side) => ({ party, at: i + 1, side })),
    ),
  )

test.each([
  ['on', 0, 15],
  ['off', 0, 15],
  ['on', 40_000, 45],
  ['off', 40_000, 45],
] as const)(
  'each party crashes at each of its deeds: paid and delivered, or neither (tab %s, settled after %d ms)',
  async (tab, settleMs, every) => {
    const how = { tab, settleMs }
    const calm = await play(how)
    expect(calm.asked.outcome!.fault).toBeNull()
    expect(calm.paid).toBe(true)
    const failed: string[] = []
    let paid = 0
    const points = pointsOf(calm)
    const tried = thinned(points, every)
    for (const point of tried)
      try {
        if ((await play(how, point)).paid) paid++
      } catch (error) {
        const deed = calm.deeds.get(point.party)![point.at - 1]
        failed.push(
          `${point.party} ${point.side} ${deed} ${point.at}: ${String(error).slice(0, 300)}`,
        )
      }
    expect(failed).toEqual([])
    expect(points.length).toBeGreaterThan(60)
    // Both ends were met.
    expect(paid).toBeGreaterThan(0)
    expect(tried.length - paid).toBeGreaterThan(0)
  },
  600_000,
)
