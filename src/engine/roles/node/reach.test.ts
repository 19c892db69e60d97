import { describe, expect, test } from 'bun:test'
import { unixMs } from '../../base/clock.ts'
import { Deadlines } from '../../base/deadlines.ts'
import { seededRandom } from '../../base/random.ts'
import { openLetter } from '../../identity/letters.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import type { Signer } from '../../identity/seams.ts'
import { newSigner } from '../../identity/signer.ts'
import type { Contents } from '../../protocol/messages.ts'
import { PAYEE, answering } from './payee.ts'
import { MOST_ASKING, hear, noteAsking, onLaterDue, refuseSession } from './reach.ts'
import type { NodeTurn } from './state.ts'
import type { Reach, Till } from './till.ts'

const secp = await openSecp256k1()

/** A node on a link, a user's tab key and sessions of it, and what each of these has heard. */
const scene = (sessions: number) => {
  const random = seededRandom(11)
  const signer = newSigner(secp, random)
  const clients = Array.from({ length: sessions }, () => newSigner(secp, random))
  const key = newSigner(secp, random).pubkey
  const till = { heard: new Map(), asking: new Map(), later: new Map() } as never as Till
  const effects: { outgoing: { event: { tags: string[][]; content: string; kind: number } } }[] = []
  const deadlines = new Deadlines()
  const state = { signer, net: 'sim', routers: new Map([[1, { ready: true }]]), deadlines, till }
  const now = unixMs(1_800_000_000_000)
  const turn = { state, now, random, effects } as never as NodeTurn
  const reach = (n: number): Reach => ({ link: 1, client: clients[n]!.pubkey })
  /** By number, in the order in which letters left. */
  const told = (): number[] =>
    effects.splice(0).map(({ outgoing: { event } }) => {
      const to = event.tags.find(([name]) => name === 'p')![1]
      return clients.findIndex(({ pubkey }) => pubkey === to)
    })
  /** What leaves in the next so many ms: after how many, and to whom. */
  const next = (ms: number) => {
    const all: { after: number; to: number[] }[] = []
    for (let after = 0; after <= ms; after++)
      for (const it of deadlines.due(unixMs(now + after))) {
        onLaterDue(turn, it.slice('later:'.length))
        all.push({ after, to: told() })
      }
    return all
  }
  const opens = (of: Signer): string | undefined => {
    const { content } = effects.at(-1)!.outgoing.event
    return openLetter(of, signer.pubkey, (JSON.parse(content) as { sealed: string }).sealed)
  }
  const of = (ref: string) => ({ payer: key, ref })
  const invoice: Contents['invoice'] = { terms: '{}', bolt11: 'lnbcrt1' }
  const paid = (ref: string): Contents['paid'] => ({
    payment_hash: 'ab'.repeat(32),
    terms: 'cd'.repeat(32),
    ref,
    seq: 1,
    received: '1000',
  })
  const make = (ref: string) => PAYEE.tell(turn, till, of(ref), 'invoice', invoice)
  const pay = (ref: string) => PAYEE.tell(turn, till, of(ref), 'paid', paid(ref))
  return { till, turn, key, reach, told, next, opens, of, invoice, paid, make, pay, clients }
}

const JOBS = ['1a'.repeat(32), '2b'.repeat(32)] as const

describe('one tab key, several sessions', () => {
  test('what becomes of an invoice is told to one session: the last that spoke of that very one', () => {
    const it = scene(3)
    hear(it.till, it.of(JOBS[0]), it.reach(0))
    hear(it.till, it.of(it.key), it.reach(1))
    hear(it.till, it.of(JOBS[1]), it.reach(2))
    it.pay(JOBS[0])
    it.pay(it.key)
    it.pay(JOBS[1])
    expect(it.told()).toEqual([0, 1, 2])
  })

  test('attack: a router that watches letters: no news of a payment leaves for two sessions', () => {
    const it = scene(3)
    for (const n of [0, 1, 2]) hear(it.till, it.of(it.key), it.reach(n))
    it.pay(it.key)
    expect(it.told()).toEqual([2])
    // Nor to one that is not its own any more.
    hear(it.till, it.of(it.key), it.reach(0))
    it.pay(it.key)
    expect(it.opens(it.clients[0]!)).toContain('"seq\\":1')
    expect(it.opens(it.clients[2]!)).toBeUndefined()
  })

  test('what is there already is the answer to who asks, whoever spoke last; and it is asked for no more', () => {
    const it = scene(2)
    noteAsking(it.till, it.of(it.key), it.reach(0))
    hear(it.till, it.of(it.key), it.reach(1))
    answering(it.reach(0)).tell(it.turn, it.till, it.of(it.key), 'invoice', it.invoice)
    expect(it.told()).toEqual([0])
    it.make(it.key)
    expect(it.told()).toEqual([1])
  })

  test('attack: the same: an invoice that three asked for leaves for each at a time of its own', () => {
    const it = scene(3)
    for (const n of [0, 1, 2]) {
      hear(it.till, it.of(it.key), it.reach(n))
      noteAsking(it.till, it.of(it.key), it.reach(n))
    }
    it.make(it.key)
    expect(it.told()).toEqual([2])
    const later = it.next(500)
    expect(later.flatMap(({ to }) => to).toSorted()).toEqual([0, 1])
    expect(new Set(later.map(({ after }) => after)).size).toBe(2)
    expect(Math.min(...later.map(({ after }) => after))).toBeGreaterThanOrEqual(20)
    // Who asked again meanwhile has it.
    for (const n of [0, 1]) noteAsking(it.till, it.of(it.key), it.reach(n))
    it.make(it.key)
    answering(it.reach(0)).tell(it.turn, it.till, it.of(it.key), 'invoice', it.invoice)
    expect(it.told()).toEqual([2, 0])
    expect(it.next(1_000).flatMap(({ to }) => to)).toEqual([1])
  })

  test('a link that is gone is told nothing', () => {
    const it = scene(1)
    hear(it.till, it.of(it.key), { ...it.reach(0), link: 2 })
    it.pay(it.key)
    expect(it.told()).toEqual([])
  })

  test('why there is none hears the job that waits for it, also when its session spoke since', () => {
    const it = scene(2)
    const waits = { job: JOBS[0], ticket: '3c'.repeat(32) } as never
    hear(it.till, it.of(it.key), { ...it.reach(0), waits })
    hear(it.till, it.of(it.key), it.reach(0))
    PAYEE.refused!(it.turn, it.till, it.of(it.key), 'policy')
    expect(it.told()).toEqual([0])
    // Another session has its own reasons to wait.
    hear(it.till, it.of(it.key), it.reach(1))
    PAYEE.refused!(it.turn, it.till, it.of(it.key), 'policy')
    expect(it.told()).toEqual([])
    refuseSession(it.turn, undefined, 'busy')
    expect(it.told()).toEqual([])
  })
})

describe('attack: letters without end', () => {
  test.each([MOST_ASKING, MOST_ASKING + 1])(
    'an invoice that %d sessions ask for leaves 16 times at most, once for each, and not again',
    (sessions) => {
      const it = scene(sessions)
      for (let n = 0; n < sessions; n++)
        for (const _ of [1, 2]) {
          hear(it.till, it.of(it.key), it.reach(n))
          noteAsking(it.till, it.of(it.key), it.reach(n))
        }
      it.make(it.key)
      const told = [...it.told(), ...it.next(500).flatMap(({ to }) => to)]
      expect(told).toHaveLength(MOST_ASKING)
      expect(new Set(told).size).toBe(MOST_ASKING)
      // The one that asked first is left out, and asks again.
      expect(told.includes(0)).toBe(sessions === MOST_ASKING)
      it.make(it.key)
      expect(it.told()).toEqual([sessions - 1])
      it.pay(it.key)
      expect(it.told()).toEqual([sessions - 1])
    },
  )

  test.each([10_000, 10_001])('of %d invoices the newest 10,000 are remembered', (count) => {
    const it = scene(1)
    for (let n = 0; n < count; n++) {
      hear(it.till, it.of(String(n)), it.reach(0))
      noteAsking(it.till, it.of(String(n)), it.reach(0))
    }
    expect([it.till.heard.size, it.till.asking.size]).toEqual([10_000, 10_000])
    it.pay('0')
    expect(it.told()).toEqual(count === 10_000 ? [0] : [])
  })
})
