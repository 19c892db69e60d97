import { describe, expect, test } from 'bun:test'
import { virtualClock } from '../../base/virtual-clock.ts'
import { msat } from '../../base/money.ts'
import { type PaymentHash, paymentHash } from '../../protocol/ids.ts'
import type { InvoiceState, InvoiceStatus } from '../wallet.ts'
import { watchInvoices } from './watch.ts'

const hashOf = (n: number): PaymentHash => paymentHash(n.toString(16).padStart(64, '0'))

const scene = (push: boolean) => {
  const clock = virtualClock()
  const states = new Map<PaymentHash, InvoiceState>()
  const asked: PaymentHash[] = []
  let busy = 0
  let most = 0
  let broken = false
  const lookup = async (hash: PaymentHash): Promise<InvoiceStatus> => {
    asked.push(hash)
    most = Math.max(most, ++busy)
    await new Promise<void>((resolve) => clock.after(10, resolve))
    busy--
    if (broken) throw new Error('no answer')
    const state = states.get(hash) ?? 'open'
    return { paymentHash: hash, state, received: state === 'settled' ? msat(1_000n) : null }
  }
  const told: string[] = []
  const watch = watchInvoices(lookup, clock, push)
  const begin = () =>
    watch.subscribe(({ paymentHash: hash, state }) => told.push(`${Number(`0x${hash}`)} ${state}`))
  return {
    clock,
    states,
    asked,
    told,
    watch,
    begin,
    most: () => most,
    break: (it: boolean) => void (broken = it),
  }
}

describe('invoices are watched', () => {
  test('by what the wallet says, which is looked up and not believed', async () => {
    const it = scene(true)
    it.begin()
    it.watch.add(hashOf(1))
    it.watch.news(hashOf(1))
    await it.clock.advance(100)
    expect(it.told).toEqual([])
    it.states.set(hashOf(1), 'settled')
    it.watch.news(hashOf(1))
    await it.clock.advance(100)
    expect(it.told).toEqual(['1 settled'])
  })

  test('also those of an earlier process', async () => {
    const it = scene(true)
    it.begin()
    it.states.set(hashOf(9), 'settled')
    it.watch.news(hashOf(9))
    await it.clock.advance(100)
    expect(it.told).toEqual(['9 settled'])
  })

  test.each([
    [true, 30_000],
    [false, 4_000],
  ])('by asking, where word of it was lost: push %p, every %d ms', async (push, every) => {
    const it = scene(push)
    it.begin()
    for (let n = 0; n < 3; n++) it.watch.add(hashOf(n))
    it.states.set(hashOf(1), 'settled')
    it.states.set(hashOf(2), 'canceled')
    await it.clock.advance(every - 1)
    expect(it.asked).toEqual([])
    await it.clock.advance(100)
    expect(it.told).toEqual(['1 settled', '2 canceled'])
    await it.clock.advance(every)
    expect(it.asked.slice(3)).toEqual([hashOf(0)])
  })

  test('one that is held is told as held, once, and then how it ended', async () => {
    const it = scene(false)
    it.begin()
    it.watch.add(hashOf(1))
    it.states.set(hashOf(1), 'accepted')
    await it.clock.advance(20_000)
    expect(it.told).toEqual(['1 accepted'])
    it.states.set(hashOf(1), 'settled')
    await it.clock.advance(5_000)
    expect(it.told).toEqual(['1 accepted', '1 settled'])
  })

  test('all at once after a connection was lost, a few at a time', async () => {
    const it = scene(true)
    it.begin()
    for (let n = 0; n < 100; n++) it.watch.add(hashOf(n))
    it.states.set(hashOf(99), 'settled')
    it.watch.news(null)
    await it.clock.advance(1_000)
    expect(it.told).toEqual(['99 settled'])
    expect(it.asked).toHaveLength(100)
    expect(it.most()).toBe(8)
  })

  test('a wallet that does not answer is asked again', async () => {
    const it = scene(false)
    it.begin()
    it.watch.add(hashOf(1))
    it.states.set(hashOf(1), 'settled')
    it.break(true)
    await it.clock.advance(10_000)
    it.break(false)
    await it.clock.advance(5_000)
    expect(it.told).toEqual(['1 settled'])
  })

  test('while somebody listens, and nothing is asked or told else', async () => {
    const it = scene(true)
    it.watch.add(hashOf(1))
    it.states.set(hashOf(1), 'settled')
    it.watch.news(hashOf(1))
    it.watch.news(null)
    await it.clock.advance(100_000)
    const end = it.begin()
    it.watch.news(hashOf(1))
    end()
    end()
    await it.clock.advance(100_000)
    expect(it.told).toEqual([])
    expect(it.clock.pending()).toBe(0)
    it.begin()
    it.watch.close()
    await it.clock.advance(100_000)
    expect([it.asked.length, it.clock.pending()]).toEqual([1, 0])
  })

  test('with bounds: a flood of news is no flood of questions, and old invoices are forgotten', async () => {
    const it = scene(true)
    it.begin()
    for (let n = 0; n < 10_000; n++) it.watch.news(hashOf(n))
    await it.clock.advance(10_000)
    expect(it.asked.length).toBeLessThan(100)
    expect(it.most()).toBe(8)
    for (let n = 0; n < 1_100; n++) it.watch.add(hashOf(n))
    it.asked.length = 0
    it.watch.news(null)
    await it.clock.advance(15_000)
    expect(new Set(it.asked).size).toBe(1_000)
    expect(it.asked).not.toContain(hashOf(99))
  })
})
