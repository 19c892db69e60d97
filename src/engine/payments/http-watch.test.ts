import { describe, expect, test } from 'bun:test'
import { msat } from '../base/money.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import { type PaymentHash, paymentHash } from '../protocol/ids.ts'
import { watchByAsking } from './http-watch.ts'
import type { InvoiceState, InvoiceStatus } from './wallet.ts'

const hashOf = (n: number): PaymentHash => paymentHash(n.toString(16).padStart(64, '0'))

const scene = () => {
  const clock = virtualClock()
  const states = new Map<PaymentHash, InvoiceState>()
  const asked: PaymentHash[] = []
  let down = false
  const lookup = async (hash: PaymentHash): Promise<InvoiceStatus> => {
    asked.push(hash)
    if (down) throw new Error('down')
    const state = states.get(hash) ?? 'open'
    return { paymentHash: hash, state, received: state === 'settled' ? msat(1_000n) : null }
  }
  const told: string[] = []
  const listen = (it: InvoiceStatus) =>
    void told.push(`${Number(`0x${it.paymentHash}`)} ${it.state}`)
  const watch = watchByAsking(lookup, clock)
  return { clock, states, asked, told, listen, watch, goDown: (it: boolean) => void (down = it) }
}

describe('a wallet that is asked', () => {
  test('is not asked while nobody listens, or nothing is open', async () => {
    const it = scene()
    it.watch.add(hashOf(1))
    await it.clock.advance(60_000)
    expect(it.asked).toEqual([])
    const end = it.watch.subscribe(it.listen)
    await it.clock.advance(2_000)
    expect(it.asked.length).toBe(2)
    it.states.set(hashOf(1), 'settled')
    await it.clock.advance(60_000)
    expect(it.asked.length).toBe(3)
    expect(it.clock.pending()).toBe(0)
    end()
  })

  test('tells each of a change once, and of nothing after the end', async () => {
    const it = scene()
    const ends = [it.watch.subscribe(it.listen), it.watch.subscribe(it.listen)]
    for (const n of [1, 2, 3]) it.watch.add(hashOf(n))
    it.states.set(hashOf(1), 'settled').set(hashOf(2), 'canceled')
    await it.clock.advance(10_000)
    expect(it.told).toEqual(['1 settled', '1 settled', '2 canceled', '2 canceled'])
    ends[0]!()
    ends[0]!()
    it.states.set(hashOf(3), 'settled')
    await it.clock.advance(10_000)
    expect(it.told.slice(4)).toEqual(['3 settled'])
    ends[1]!()
    it.watch.add(hashOf(4))
    it.states.set(hashOf(4), 'settled')
    await it.clock.advance(10_000)
    expect(it.told.length).toBe(5)
  })

  test('is asked for a few at a time, and for all in turn', async () => {
    const it = scene()
    it.watch.subscribe(it.listen)
    for (let n = 0; n < 100; n++) it.watch.add(hashOf(n))
    await it.clock.advance(1_000)
    expect(it.asked.length).toBe(8)
    await it.clock.advance(12_000)
    expect(new Set(it.asked).size).toBe(100)
  })

  test('is asked rarely while it does not answer, and again soon when it does', async () => {
    const it = scene()
    it.watch.subscribe(it.listen)
    it.watch.add(hashOf(1))
    it.goDown(true)
    await it.clock.advance(600_000)
    expect(it.asked.length).toBeLessThan(30)
    it.goDown(false)
    await it.clock.advance(30_000)
    const before = it.asked.length
    await it.clock.advance(10_000)
    expect(it.asked.length - before).toBe(10)
  })

  test('an invoice that was never paid is forgotten beyond a thousand, the oldest first', async () => {
    const it = scene()
    for (let n = 0; n < 1_001; n++) it.watch.add(hashOf(n))
    for (const n of [0, 1, 1_000]) it.states.set(hashOf(n), 'settled')
    it.watch.subscribe(it.listen)
    await it.clock.advance(200_000)
    expect(it.told.toSorted()).toEqual(['1 settled', '1000 settled'])
  })

  test('a closed watch asks no more, also where an answer is on its way', async () => {
    const it = scene()
    it.watch.subscribe(it.listen)
    it.watch.add(hashOf(1))
    it.states.set(hashOf(1), 'settled')
    const passing = it.clock.advance(1_000)
    it.watch.close()
    await passing
    await it.clock.advance(10_000)
    expect(it.told).toEqual([])
    expect(it.clock.pending()).toBe(0)
  })
})
