import { describe, expect, test } from 'bun:test'
import { toHex, utf8 } from '../../../src/engine/base/bytes.ts'
import {
  addClient,
  addNode,
  addRouter,
  done,
  isOpen,
  newsOf,
  outcomeOf,
  piece,
  wish,
} from './cast.ts'
import { contentOf, forged } from './parcel.ts'
import { type Scene, eventsTo, held, scene, unharmed } from './scene.ts'
import { Stage } from './stage.ts'

/** The sizes of all tables of a state that are not meant to grow: maps, sets, lists. */
const sizesOf = (state: object): Record<string, number> =>
  Object.fromEntries(
    Object.entries(state).flatMap(([name, value]) => {
      if (value instanceof Map || value instanceof Set) return [[name, value.size]]
      if (name === 'runners')
        return (value as { waiting: unknown[]; running: number }[]).flatMap((it, i) => [
          [`waiting ${i}`, it.waiting.length],
          [`running ${i}`, it.running],
        ])
      return name === 'budget'
        ? Object.entries(value as object).map(([k, v]) => [`budget ${k}`, v])
        : []
    }),
  )

/** Bounded by themselves, and meant to remember. */
const MEMORY = ['limits', 'standings', 'sheets', 'accounts', 'payments', 'syncs', 'placeHolds']

const without = (sizes: Record<string, number>) =>
  Object.fromEntries(Object.entries(sizes).filter(([name]) => !MEMORY.includes(name)))

const sizes = (it: Scene) => ({
  router: without(sizesOf(it.router.state)),
  node: without(sizesOf(it.node.state)),
  client: without(sizesOf(it.client.state)),
  windows: [...it.node.state.routers.values()].map(({ budget }) => ({
    used: budget.used,
    open: budget.open,
  })),
})

const CALM_MS = 400_000

describe('states do not grow', () => {
  test('over 500 jobs, half of which go wrong', () => {
    const it = scene({ slots: 3, queue: 1 })
    wish(it.stage, it.client)
    it.stage.advance(CALM_MS)
    const idle = sizes(it)
    let n = 0
    // Every third message about a job is lost, by a count and not by chance.
    it.stage.tampers.push((parcel) => {
      const about =
        parcel.kind === 'event' &&
        [26420, 26422, 26423, 26424, 26427, 4642, 4643].includes(parcel.event.kind)
      return (about || parcel.kind === 'frame') && it.stage.now % 2 === 0 && ++n % 7 === 0
        ? []
        : undefined
    })
    const jobs = Array.from({ length: 500 }, (_, i) => {
      const job = wish(it.stage, it.client, { deadlineMs: 3_000 })
      if (i % 5 === 0) it.stage.tell(it.client, { type: 'cancel', job })
      it.stage.advance(101)
      return job
    })
    it.stage.tampers.length = 0
    it.stage.advance(CALM_MS)
    unharmed(it.stage)
    expect(jobs.filter((job) => isOpen(it.stage, job))).toEqual([])
    const codes = new Set(jobs.map((job) => outcomeOf(it.stage, job).fault?.code ?? 'ok'))
    expect(codes.has('ok')).toBe(true)
    expect(codes.size).toBeGreaterThan(3)
    expect(sizes(it)).toEqual(idle)
  }, 60_000)

  test('when clients and nodes come and go', () => {
    const it = scene({ bounds: { sheetKeptMs: 1_800_000 } })
    it.stage.advance(CALM_MS)
    const idle = sizes(it)
    for (let n = 0; n < 20; n++) {
      const node = addNode(it.stage, it.router, { words: null })
      const client = addClient(it.stage, it.router)
      for (let j = 0; j < 3; j++) wish(it.stage, client, { deadlineMs: 5_000 })
      it.stage.advance(50)
      it.stage.cut(n % 2 === 0 ? node : client, [...(n % 2 === 0 ? node : client).links.keys()][0]!)
      it.stage.advance(500)
      for (const party of [node, client])
        for (const link of party.links.keys()) it.stage.cut(party, link)
    }
    // What the nodes published is served a while longer, by id; of the one that stays for good.
    it.stage.advance(4_000_000)
    unharmed(it.stage)
    const after = sizes(it)
    expect(after).toEqual(idle)
  }, 60_000)
})

describe('the receipts of a node', () => {
  const chainOf = (node: Scene['node']) =>
    node.disk
      .filter((kept) => kept.kind === 'receipt')
      .map(({ id, text }) => ({ id, prev: contentOf(JSON.parse(text)).prev as string | null }))

  test('are one chain, over jobs at once and over a restart', () => {
    const it = scene({ words: null, slots: 4, queue: 0 })
    for (let round = 0; round < 5; round++) {
      const jobs = Array.from({ length: 4 }, () => wish(it.stage, it.client))
      const runs = it.node.runs.slice(-4)
      runs.forEach((run) => piece(it.stage, it.node, run, 'one ', 1))
      it.stage.tell(it.client, { type: 'cancel', job: jobs[3]! })
      for (const run of [runs[2]!, runs[0]!, runs[1]!]) done(it.stage, it.node, run, 1)
      it.stage.advance(15_000)
    }
    it.stage.cut(it.node, [...it.node.links.keys()][0]!)
    const again = addNode(it.stage, it.router, { again: it.node })
    wish(it.stage, it.client)
    it.stage.advance(15_000)
    const chain = chainOf(again)
    expect(chain).toHaveLength(21)
    expect(chain.map(({ prev }) => prev)).toEqual([null, ...chain.slice(0, -1).map(({ id }) => id)])
  })

  test('leave only when they are on the disk, and are signed in the order of the chain', () => {
    const it = scene({ words: null, slots: 2 })
    it.node.slowDisk = true
    const jobs = [wish(it.stage, it.client), wish(it.stage, it.client)]
    for (const run of it.node.runs) {
      piece(it.stage, it.node, run, 'one ', 1)
      done(it.stage, it.node, run, 1)
    }
    it.stage.advance(1_000)
    expect(eventsTo(it.router, 'receipt')).toEqual([])
    expect(jobs.every((job) => isOpen(it.stage, job))).toBe(true)
    it.stage.write(it.node)
    expect(eventsTo(it.router, 'receipt')).toHaveLength(2)
    expect(jobs.map((job) => outcomeOf(it.stage, job).verified)).toEqual([true, true])
    expect(chainOf(it.node)[1]!.prev).toBe(chainOf(it.node)[0]!.id)
  })

  test('that are lost on the way are not signed again', () => {
    const it = scene()
    const lost = held(it.stage, it.router, 'receipt')
    wish(it.stage, it.client)
    it.stage.advance(CALM_MS)
    expect(new Set(lost.map((parcel) => parcel.kind === 'event' && parcel.event.id)).size).toBe(1)
    expect(it.node.disk.filter((kept) => kept.kind === 'receipt')).toHaveLength(1)
  })
})

test('a router is blind: prompt and answer are nowhere in what it gets, keeps or knows', () => {
  const canary = 'Kanarienvogel'
  const stage = new Stage()
  const router = addRouter(stage)
  const words = [`${canary}-answer `, 'two ']
  const it: Scene = {
    stage,
    router,
    node: addNode(stage, router, { words }),
    client: addClient(stage, router),
  }
  const input = { messages: [{ role: 'user', content: `${canary}-prompt` }] }
  const known: string[] = []
  stage.tampers.push(() => void known.push(dump(router.state)))
  const job = wish(stage, it.client, { input })
  const large = wish(stage, it.client, {
    input: { messages: [{ role: 'user', content: `${canary} `.repeat(400) }] },
  })
  stage.advance(5_000)
  for (const one of [job, large])
    expect(outcomeOf(stage, one)).toMatchObject({ fault: null, verified: true })
  expect(JSON.stringify(outcomeOf(stage, job).output)).toContain(canary)
  expect(newsOf(stage, job).length).toBeGreaterThan(3)
  const crossed = router.heard.map((parcel) =>
    parcel.kind === 'frame'
      ? toHex(parcel.bytes)
      : parcel.kind === 'event'
        ? parcel.text
        : parcel.message,
  )
  const all = [
    ...crossed,
    ...known,
    JSON.stringify(router.disk),
    JSON.stringify(router.logged),
  ].join('\n')
  for (const word of [canary, canary.slice(0, 6)])
    for (const form of [word, toHex(utf8(word)), utf8(word).toBase64().slice(0, -2)])
      expect(all.includes(form)).toBe(false)
  // The same search finds it where it must be.
  expect(JSON.stringify(it.node.runs)).toContain(canary)
  expect(forged(it.client.signer, eventsTo(router, 'job')[0]!, { canary }).content).toContain(
    canary,
  )
})

/** All that a state holds, bytes as hex. */
const dump = (value: unknown): string =>
  JSON.stringify(value, (_, it: unknown) => {
    if (it instanceof Uint8Array) return toHex(it)
    if (it instanceof Map) return [...it]
    if (it instanceof Set) return [...it]
    return typeof it === 'bigint' ? String(it) : it
  })
