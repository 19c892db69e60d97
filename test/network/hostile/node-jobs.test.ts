import { describe, expect, test } from 'bun:test'
import { utf8 } from '../../../src/engine/base/bytes.ts'
import { openWrap } from '../../../src/engine/identity/seal.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import type { Frame } from '../../../src/engine/protocol/frames.ts'
import type { EventId } from '../../../src/engine/protocol/ids.ts'
import { addNode, addRouter, outcomeOf, wish } from './cast.ts'
import { type Content, contentOf, forged, tagged, withEvent, withFrame } from './parcel.ts'
import { type Scene, eventsTo, heardBy, held, onFrames, onWay, scene, unharmed } from './scene.ts'

const other = 'c'.repeat(64)

/** A job whose event a lying client (or a router with its key) changed on the way to the node. */
const changed = (change: (job: Signed, it: Scene) => Signed | readonly Signed[]) => {
  const it = scene()
  onWay(it.stage, it.node, 'job', (job) => change(job, it))
  const id = wish(it.stage, it.client)
  it.stage.advance(500)
  unharmed(it.stage)
  return { ...it, id, refusals: heardBy(it.router, 'refused').map((refused) => refused.reason) }
}

describe('a job is refused', () => {
  const by = (change: (job: Content, it: Scene) => Content) => (job: Signed, it: Scene) =>
    forged(it.client.signer, job, change(contentOf(job), it))
  const lies: Record<string, [string, (job: Signed, it: Scene) => Signed]> = {
    'for a ticket that we do not know': ['restarted', by(() => ({ ticket: other }))],
    'with a wrap made for another job': ['policy', by(() => ({ job: other }))],
    'with a wrap made for another client': [
      'policy',
      (job, it) => forged(it.stage.newSigner(), job, {}),
    ],
    'with a wrap made for another ticket': [
      'policy',
      by((_, it) => {
        const [mine] = it.node.state.tickets.values()
        it.node.state.tickets.set(other as EventId, { ...mine!, id: other as EventId })
        return { ticket: other }
      }),
    ],
    'with a damaged wrap': [
      'policy',
      by((job) => ({ wrap: { ...(job.wrap as Content), ct: 'AAAA' } })),
    ],
    'with a ceiling that is too low': [
      'policy',
      by((job) => ({ ceiling: String(Number(job.ceiling) - 1) })),
    ],
    'with another model than the ticket’s': ['policy', by(() => ({ model: 'other' }))],
    'with another task': ['policy', by(() => ({ task: 'text.generate@1' }))],
    'with another row': ['policy', by(() => ({ row: 1 }))],
    'with another sheet': ['policy', by(() => ({ sheet: other }))],
    'to be paid before': ['policy', by(() => ({ timing: 'before' }))],
    'for more output than the ticket gives': [
      'too_large',
      by((job) => ({ max: { ...(job.max as Content), out_token: 2049 }, ceiling: '99999' })),
    ],
    'with a body larger than the ticket takes': [
      'too_large',
      by((job) => ({ body: { ...(job.body as Content), size: 1_000_000 } })),
    ],
  }
  for (const [what, [reason, change]] of Object.entries(lies))
    test(what, () => {
      const { node, refusals } = changed(change)
      expect(refusals).toEqual([reason])
      expect(node.runs).toEqual([])
      expect(node.disk).toEqual([])
    })

  test('the second time that a ticket is used', () => {
    const { node, refusals } = changed((job, it) => [
      job,
      forged(it.client.signer, job, { job: other }),
    ])
    expect(refusals).toEqual(['used'])
    expect(node.runs).toHaveLength(1)
  })

  test('when its ticket has expired, or was given out before a restart', () => {
    for (const [ms, reason] of [
      [31_000, 'expired'],
      [70_000, 'restarted'],
    ] as const) {
      const it = scene()
      const late = held(it.stage, it.node, 'job')
      wish(it.stage, it.client)
      it.stage.advance(ms)
      const [parcel] = late
      if (parcel?.kind !== 'event') throw new Error('no job')
      const fresh = it.client.signer.sign({
        ...parcel.event,
        created_at: (it.stage.now / 1000) as never,
      })
      it.stage.deliver(withEvent(parcel, fresh))
      expect(heardBy(it.router, 'refused').map((refused) => refused.reason)).toEqual([reason])
    }
  })

  test('when its ticket was given to another router', () => {
    const it = scene()
    const second = addRouter(it.stage, { name: 'second' })
    it.stage.connect(it.node, second, (link) =>
      it.node.state.pinned.set(link, second.signer.pubkey),
    )
    const moved = held(it.stage, it.node, 'job')
    wish(it.stage, it.client)
    const links = [...it.node.links.keys()]
    const [parcel] = moved
    it.stage.deliver({ ...parcel!, link: links.find((link) => link !== parcel!.link)! })
    expect(heardBy(second, 'refused')).toMatchObject([{ reason: 'policy' }])
  })

  test('unheard when it is for another node; and no other node’s secrets open it', () => {
    const it = scene()
    const thief = addNode(it.stage, it.router)
    const jobs = [held(it.stage, it.node, 'job'), held(it.stage, thief, 'job')]
    wish(it.stage, it.client)
    const [job] = jobs.flat()
    if (job?.kind !== 'event') throw new Error('no job')
    const node = job.to === it.node ? thief : it.node
    it.stage.deliver({ ...job, to: node, link: [...node.links.keys()][0]! })
    expect(node.refused).toEqual(['event.not_for_us'])
    const { wrap, job: id, ticket } = contentOf(job.event) as never
    const client = it.client.signer.pubkey
    for (const { secret } of node.state.tickets.values())
      expect(openWrap({ secret, wrap, job: id, ticket, client })).toBeUndefined()
  })
})

describe('input that is a lie is refused at no cost, and is nobody’s fault', () => {
  /** What the client seals in place of what it asked for. */
  const sealing = (plaintext: string) => (it: Scene) =>
    onWay(it.stage, it.client, 'offers', (offers) => {
      for (const job of it.client.state.jobs.values())
        Object.assign(job, { plaintext: utf8(plaintext) })
      return offers
    })
  const framed = (change: (frame: Frame) => readonly Frame[]) => (it: Scene) =>
    onFrames(it.stage, it.node, 'input', change)
  const bytesOf = (frame: Frame, bytes: Uint8Array): Frame => ({ ...frame, bytes })

  const lies: Record<string, [string, (it: Scene) => void]> = {
    'another body than the job names': [
      'hash',
      framed((frame) => [
        bytesOf(
          frame,
          frame.bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte)),
        ),
      ]),
    ],
    'more body than the job names': [
      'too_large',
      framed((frame) => [bytesOf(frame, new Uint8Array(frame.bytes.length + 1))]),
    ],
    'body over the window': [
      'too_large',
      framed((frame) => [bytesOf(frame, new Uint8Array(66_000))]),
    ],
    'a body in pieces of nothing': [
      'incomplete',
      framed((frame) => [bytesOf(frame, new Uint8Array())]),
    ],
    'no body': ['incomplete', framed(() => [])],
    'JSON that is no input of the task': ['schema', sealing('{"nonsense":1}')],
    'no JSON': ['schema', sealing('hello')],
    nothing: ['schema', sealing('')],
    'a deeper JSON than any': ['schema', sealing('['.repeat(4000) + ']'.repeat(4000))],
    'more than its max says': [
      'too_large',
      sealing(JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(300) }] })),
    ],
  }
  for (const [what, [reason, tamper]] of Object.entries(lies))
    test(`${what}: ${reason}`, () => {
      const it = scene()
      tamper(it)
      const job = wish(it.stage, it.client)
      it.stage.advance(it.stage.bounds.lastCreditWithinMs + 1_000)
      unharmed(it.stage)
      const { receipt, verified, cost } = outcomeOf(it.stage, job)
      expect(receipt).toMatchObject({ status: 'input_refused', reason, cost: 0n })
      expect(verified).toBe(true)
      expect(cost).toBe(0n as never)
      expect(it.node.runs).toEqual([])
      expect(it.router.observed.filter((seen) => seen.outcome === 'node_fault')).toEqual([])
      // The place is free again.
      it.stage.tampers.length = 0
      const next = wish(it.stage, it.client)
      it.stage.advance(1_000)
      expect(outcomeOf(it.stage, next).fault).toBeNull()
    })

  test('sealed for another job it does not open', () => {
    const it = scene({ slots: 2 })
    const bodies = held(it.stage, it.node, 'input')
    const jobs = [wish(it.stage, it.client), wish(it.stage, it.client)]
    const [one, two] = bodies
    if (one?.kind !== 'frame' || two?.kind !== 'frame') throw new Error('no bodies')
    it.stage.deliver(withFrame(one, { ...one.frame, tag: two.frame.tag }))
    expect(outcomeOf(it.stage, jobs[1]!).receipt).toMatchObject({
      status: 'input_refused',
      reason: 'hash',
    })
  })
})

test('a router that repeats another’s proof to a node hears neither registration nor tickets', () => {
  const it = scene()
  const [quota] = eventsTo(it.node, 'quota')
  const thief = it.stage.party('thief', null, { signer: it.stage.newSigner(), isDoor: true })
  const node = it.node
  const [link] = it.stage.connect(node, thief, (id) =>
    node.state.pinned.set(id, it.router.signer.pubkey),
  )
  node.rules.replay.seen(quota!.id, it.stage.now)
  // Dated anew by nobody: only the true router could, so it is held until the cache has forgotten it.
  Object.assign(node.rules, { replay: { seen: () => false, add: () => true } })
  it.stage.say(thief, quota!)
  expect(heardBy(thief, 'register')).toEqual([])
  expect(heardBy(thief, 'ticket')).toEqual([])
  expect(node.links.has(link)).toBe(false)
})

test('tags that name another node make a job unheard', () => {
  const { refusals, node } = changed((job, it) =>
    forged(it.client.signer, job, {}, tagged(job, 'p', other)),
  )
  expect(refusals).toEqual([])
  expect(node.refused).toEqual(['event.not_for_us'])
})
