// Jobs from the wish to the receipt: one that goes well, those that fail on the way, wishes that nobody serves.
import { describe, expect, test } from 'bun:test'
import { ofJob } from '../../src/engine/storage/store.conformance.ts'
import { ended, fine, world } from './scenes.ts'
import type { World } from './world.ts'

describe('a job', () => {
  test('is streamed, metered, receipted and acknowledged', async () => {
    const it = await world([fine])
    const client = await it.addClient()
    const asked = it.request(client, {})
    await ended(it, asked)
    const { outcome, news } = asked
    expect(outcome?.fault).toBeNull()
    expect(outcome?.output).toMatchObject({ message: { content: 'one two three four' } })
    expect(outcome?.receipt).toMatchObject({
      status: 'ok',
      finish: 'stop',
      usage: { in_token: 5, out_token: 4 },
      sim: true,
    })
    // 5 × 1,000,000 + 4 × 2,500,000 msat per million.
    expect(outcome?.cost).toBe(15n as never)
    expect(outcome?.verified).toBe(true)
    expect(news.map((n) => n.type)).toEqual([
      'offers',
      'accepted',
      'started',
      'piece',
      'piece',
      'piece',
      'piece',
      'ended',
    ])
    expect(Object.keys(outcome!.bundle).sort()).toEqual([
      'accepted',
      'acknowledgement',
      'job',
      'offers',
      'receipt',
      'sheet',
      'ticket',
    ])
    expect(ofJob(it.routerParty.store, outcome!.job).map((k) => k.kind)).toEqual([
      'receipt',
      'acknowledgement',
    ])
  })

  test('larger than what goes at once follows under the node’s credits', async () => {
    const it = await world([fine])
    const content = 'a long letter. '.repeat(500)
    const client = await it.addClient()
    const asked = it.request(client, { input: { messages: [{ role: 'user', content }] } })
    await ended(it, asked)
    expect(asked.outcome?.fault).toBeNull()
    expect(asked.outcome?.verified).toBe(true)
  })

  test('moves to the next node when the first is silent', async () => {
    const it = await world([fine, fine])
    const client = await it.addClient()
    await it.clock.advance(100)
    // Whichever is offered first, its link is held: it hears the job too late.
    const asked = it.request(client, {})
    await it.clock.advance(5)
    const offers = it.recorded.events.findLast((e) => e.event.kind === 26422)!
    const first = JSON.parse(offers.event.content).entries[0].ticket.pubkey
    const party = it.nodes.find((n) => n.signer.pubkey === first)!
    await it.stopNode(party)
    await ended(it, asked)
    expect(asked.outcome?.fault).toBeNull()
    expect(asked.outcome?.node).not.toBe(first)
  })

  test('whose runner fails before output costs nothing', async () => {
    const it = await world([{ fail: { after: 'start', trouble: 'oom' } }])
    const asked = it.request(await it.addClient(), {})
    await ended(it, asked)
    expect(asked.outcome?.fault?.kind).toBe('again')
    expect(asked.outcome?.receipt).toMatchObject({ status: 'runner_failed', cost: 0n })
  })

  test('whose runner dies in mid-stream is charged for what arrived', async () => {
    const it = await world([{ ...fine, fail: { after: 2, trouble: 'crashed' } }])
    const asked = it.request(await it.addClient(), {})
    await ended(it, asked)
    expect(asked.outcome?.output).toMatchObject({ message: { content: 'one two ' } })
    expect(asked.outcome?.receipt).toMatchObject({
      status: 'runner_failed',
      usage: { out_token: 2 },
      cost: 10n,
    })
    expect(asked.outcome?.fault?.kind).toBe('again')
  })

  test('whose node dies in mid-stream keeps what came', async () => {
    const it = await world([{ ...fine, endless: true }])
    const asked = it.request(await it.addClient(), {})
    await it.clock.advance(500)
    await it.stopNode(it.nodes[0]!)
    await ended(it, asked)
    expect(asked.outcome?.output).toMatchObject({ message: { content: 'one two three four' } })
    expect(asked.outcome?.fault).toMatchObject({ kind: 'again', code: 'stream.peer_gone' })
  })

  test('that is cancelled ends in a receipt that says so, for what came', async () => {
    const it = await world([{ ...fine, endless: true }])
    const abort = new AbortController()
    const asked = it.request(await it.addClient(), {}, abort.signal)
    await it.clock.advance(500)
    abort.abort()
    await ended(it, asked)
    expect(asked.outcome?.receipt).toMatchObject({
      status: 'client_cancelled',
      finish: 'cancel',
      usage: { out_token: 4 },
    })
    expect(asked.outcome?.fault?.kind).toBe('interrupted')
    // What was on its way when it was cancelled is charged, and told.
    const told = asked.news.flatMap((news) => (news.type === 'piece' ? [news.text] : []))
    expect(asked.outcome?.output).toMatchObject({ message: { content: told.join('') } })
  })

  test('past its deadline is stopped', async () => {
    const it = await world([{ ...fine, endless: true }])
    const asked = it.request(await it.addClient(), { deadlineMs: 5_000 })
    await ended(it, asked)
    expect(asked.outcome?.fault?.kind).toBe('again')
    expect(asked.outcome?.receipt).not.toBeNull()
  })
})

describe('what bad wishes get', () => {
  const faultOf = async (wish: Parameters<World['request']>[1]): Promise<unknown> => {
    const it = await world([fine])
    const asked = it.request(await it.addClient(), wish)
    await ended(it, asked)
    return asked.outcome?.fault
  }

  test('a model that nobody offers: unavailable, with what there is', async () => {
    const fault = await faultOf({ models: ['llama-3.1-70b'] })
    expect(fault).toMatchObject({ kind: 'unavailable', code: 'model.none' })
    expect((fault as { hint: string }).hint).toContain('scripted-chat')
  })

  test('a prompt over the node’s limit: both numbers, before anything is sent', async () => {
    const fault = await faultOf({
      input: { messages: [{ role: 'user', content: 'x'.repeat(9000) }] },
    })
    expect(fault).toMatchObject({ kind: 'data', code: 'input.too_large' })
    expect((fault as Error).message).toMatch(/9,000.*8,192/)
  })

  test('a ceiling over the cap: refused', async () => {
    expect(await faultOf({ cap: 1n as never })).toMatchObject({
      kind: 'refused',
      code: 'cap.exceeded',
    })
  })

  test('a task that nobody offers: unavailable', async () => {
    expect(await faultOf({ task: 'text.detect@1', input: { input: 'hi' } })).toMatchObject({
      kind: 'unavailable',
    })
  })
})

test('several jobs at once share the slots, in order, and all end well', async () => {
  const it = await world([fine, fine], { slots: 2 })
  const clients = await Promise.all([1, 2, 3].map(() => it.addClient()))
  const asked = clients.flatMap((client) => [1, 2].map(() => it.request(client, {})))
  await ended(it, ...asked)
  expect(asked.map((a) => a.outcome?.fault)).toEqual(asked.map(() => null))
})
