// A router that wants to see each payment, with router or client dead at every deed: no payment routes two jobs, and none that was paid is refused.
import { expect, test } from 'bun:test'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { ofJob } from '../../src/engine/storage/store.conformance.ts'
import { checkInvariants } from './invariants.ts'
import type { Crash, Deed } from './life.ts'
import { checkMoney } from './money-books.ts'
import { ended, paying } from './paying.ts'
import { quickSecp } from './quick-secp.ts'
import { thinned } from './thinned.ts'
import type { Asked, World } from './world.ts'

type Point = Crash & { party: string }
type Played = Readonly<{ deeds: ReadonlyMap<string, readonly Deed[]>; asked: readonly Asked[] }>

/** Two jobs, one after the other; who dies is back a second later. When all invoices are over, a third. */
const play = async (crash?: Point): Promise<Played> => {
  const options = { payment: 'proven', secp: quickSecp(), ...(crash && { crash }) } as const
  let hasCrashed = false
  const { it } = await paying(options, (world) => {
    world.onCrash = (party) => {
      hasCrashed = true
      world.clock.after(1_000, () => void world.start(party))
    }
  })
  const asked: Asked[] = []
  for (let n = 0; n < 3; n++) {
    // Nodes are back after a router; nobody can pay an old invoice any more.
    if (n > 0 && hasCrashed) await it.clock.advance(n === 2 ? 240_000 : 15_000)
    for (let waited = 0; !it.clients[0]!.client && waited < 5_000; waited += 100)
      await it.clock.advance(100)
    asked.push(it.request(it.clients[0]!.client!, { outTokens: 2_000, deadlineMs: 30_000 }))
    await ended(it, asked.at(-1)!, 60_000)
    await it.clock.advance(1_000)
  }
  expect(it.faults, 'broken').toEqual([])
  checkInvariants(it, asked)
  await checkMoney(it, false)
  checkProven(it)
  // Only who died with a job hears nothing of it; nobody who paid is refused, where its node is there, and all goes on.
  const codes = asked.map((one) => one.outcome?.fault?.code ?? (one.outcome ? 'ok' : 'died'))
  const died = crash?.party === 'client 0' ? 1 : 0
  expect(codes.filter((code) => code === 'died').length, codes.join()).toBeLessThanOrEqual(died)
  const refs = it.clients[0]!.store.money.payments(100).map(({ ref }) => ref)
  const inVain = asked.filter(({ outcome }) => outcome?.fault && refs.includes(outcome.job))
  if (crash?.party === 'node 0') {
    // The job that died with it, and no other one.
    expect(codes.filter((code) => code !== 'ok').length, codes.join()).toBeLessThanOrEqual(1)
  } else {
    expect(inVain.map(({ outcome }) => outcome!.fault!.code)).toEqual([])
    expect(['ok', died ? 'died' : 'ok']).toContain(codes[2]!)
  }
  const deeds = new Map(
    [it.routerParty, ...it.nodes, ...it.clients].map((one) => [one.name, [...one.deeds]]),
  )
  await it.close()
  return { deeds, asked }
}

/** Each job that a node took was paid for by itself, once; its payment is a row of the router's, used up by its receipt. */
const checkProven = (it: World): void => {
  const { store } = it.routerParty
  const settled = it.clients[0]!.store.money.payments(100).filter(
    ({ state }) => state === 'settled',
  )
  expect(settled.every(({ purpose }) => purpose === 'job')).toBe(true)
  const paid = new Map(settled.map(({ ref, msat }) => [ref, msat]))
  expect(paid.size, 'paid twice for one job').toBe(settled.length)
  const rows = store.money.proofs()
  expect(new Set(rows.map(({ job }) => job)).size).toBe(rows.length)
  for (const { event } of it.recorded.events) {
    if (event.kind !== KINDS.progress) continue
    const said = JSON.parse(event.content) as { status: string; job: string; ceiling: string }
    if (said.status !== 'accepted') continue
    const amount = paid.get(said.job) ?? 0n
    expect(amount, 'routed for nothing').toBeGreaterThanOrEqual(BigInt(said.ceiling))
    const own = rows.filter(({ job }) => job === said.job)
    expect(own, 'routed, and not written').toHaveLength(1)
    const kept = ofJob(store, said.job as never)
    if (kept.some(({ kind }) => kind === 'receipt')) expect(own[0]!.used, 'not used up').toBe(true)
  }
}

const pointsOf = ({ deeds }: Played): Point[] =>
  [...deeds].flatMap(([party, done]) =>
    done.flatMap((_deed, i) =>
      (['before', 'after'] as const).map((side) => ({ party, at: i + 1, side })),
    ),
  )

test('router, client and node die at each of their deeds: each job is paid once, routed once, and none in vain', async () => {
  const calm = await play()
  expect(calm.asked.map((one) => one.outcome!.fault)).toEqual([null, null, null])
  const failed: string[] = []
  const points = pointsOf(calm)
  for (const point of thinned(points, 21))
    try {
      await play(point)
    } catch (error) {
      const deed = calm.deeds.get(point.party)![point.at - 1]
      failed.push(
        `${point.party} ${point.side} ${deed} ${point.at}: ${String(error).slice(0, 300)}`,
      )
    }
  expect(failed).toEqual([])
  expect(points.length).toBeGreaterThan(100)
}, 600_000)
