import { describe, expect, test } from 'bun:test'
import { addClient, addNode, addPuppet, isOpen, newsOf, outcomeOf, wish } from './cast.ts'
import { forged, tagged, withEvent } from './parcel.ts'
import { declinedTo, eventsTo, heardBy, held, onWay, scene, unharmed } from './scene.ts'

const other = 'c'.repeat(64)

/** A job on its way to its node, which has not answered yet. */
const placed = (options: Parameters<typeof scene>[0] = { words: null }) => {
  const it = scene(options)
  const late = held(it.stage, it.node, 'job')
  const job = wish(it.stage, it.client)
  const [event] = eventsTo(it.router, 'job')
  const { attempt } = it.client.state.jobs.get(job)!
  return {
    ...it,
    late,
    job,
    event: event!,
    attempt: attempt!,
    ticket: attempt!.offered.ticket.event.id,
  }
}

describe('a job is declined', () => {
  test('when its offers are another’s, unknown, or do not have its ticket', () => {
    const it = placed()
    const thief = addPuppet(it.stage, it.router)
    const { event } = it
    it.stage.say(thief, forged(thief.signer, event, { job: other }))
    it.stage.say(it.client, forged(it.client.signer, event, { job: other, offers: other }))
    it.stage.say(it.client, forged(it.client.signer, event, { job: other, ticket: other }))
    const no = 'restricted: not one of your offers'
    expect(declinedTo(thief)).toEqual([no])
    expect(declinedTo(it.client)).toEqual([no, no])
    expect(it.router.state.jobs.size).toBe(1)
  })

  test('when its offers have served a job that is over, or have expired', () => {
    const it = scene()
    const job = wish(it.stage, it.client)
    const [event] = eventsTo(it.router, 'job')
    it.stage.advance(2_000)
    expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null })
    it.stage.say(it.client, forged(it.client.signer, event!, { job: other }))
    expect(declinedTo(it.client)).toEqual(['restricted: not one of your offers'])
    expect(it.router.state.offers.size).toBe(0)

    const late = scene()
    // Not when the router looks for what has expired.
    late.stage.advance(3_500)
    const jobs = held(late.stage, late.router, 'job')
    wish(late.stage, late.client)
    late.stage.tampers.length = 0
    const [offers] = late.router.state.offers.values()
    late.stage.advance(offers!.expires - late.stage.now)
    late.stage.deliver(jobs[0]!)
    expect(declinedTo(late.client)).toContain('restricted: not one of your offers')
    late.stage.advance(10_000)
    expect([...late.router.state.offers.values()]).not.toContain(offers)
  })

  test('and its client, to whom nothing came yet, asks anew', () => {
    const it = scene()
    const jobs = held(it.stage, it.router, 'job')
    const job = wish(it.stage, it.client)
    it.router.state.offers.clear()
    it.stage.tampers.length = 0
    it.stage.deliver(jobs[0]!)
    it.stage.advance(20_000)
    expect(declinedTo(it.client)).toEqual(['restricted: not one of your offers'])
    expect(newsOf(it.stage, job)).toContainEqual({ type: 'again', reason: 'declined' })
    expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, verified: true })
  })

  test('when its id is taken, by the same key or another', () => {
    const it = placed()
    const thief = addClient(it.stage, it.router)
    addNode(it.stage, it.router)
    // The thief has offers of its own, and names the job of the first.
    onWay(it.stage, it.router, 'job', (job) => forged(thief.signer, job, { job: it.job }))
    wish(it.stage, thief)
    expect(declinedTo(thief)).toEqual(['duplicate: job'])
    it.stage.tampers.length = 0
    it.stage.say(it.client, forged(it.client.signer, it.event, { class: 'batch' }))
    expect(declinedTo(it.client)).toEqual(['duplicate: job'])
    expect(it.router.state.jobs.size).toBe(1)
  })

  test('when somebody passes on what another signed', () => {
    const it = placed()
    const thief = addPuppet(it.stage, it.router)
    it.stage.say(thief, forged(it.client.signer, it.event, { job: other }))
    expect(declinedTo(thief)).toMatchObject([expect.stringContaining('another key')])
  })

  test('when it is addressed to another than the node of its ticket, which is not blamed', () => {
    const it = scene()
    for (const to of [other, it.router.signer.pubkey, it.client.signer.pubkey]) {
      it.stage.tampers.length = 0
      onWay(it.stage, it.router, 'job', (job) =>
        forged(it.client.signer, job, {}, tagged(job, 'p', to)),
      )
      wish(it.stage, it.client)
      it.stage.advance(5_000)
    }
    expect(it.router.observed).toEqual([])
    expect(
      it.node.heard.every((parcel) => parcel.kind !== 'event' || parcel.event.kind !== 26423),
    ).toBe(true)
    unharmed(it.stage)
  })

  test('a ticket that is held for another is not given away; a lapsed hold is no refusal', () => {
    for (const [wait, taken] of [
      [0, false],
      [3_000, true],
    ] as const) {
      const it = scene()
      const rival = addClient(it.stage, it.router)
      const jobs = held(it.stage, it.router, 'job')
      wish(it.stage, it.client)
      const [ticket] = it.router.state.tickets.keys()
      const [offers] = it.router.state.offers.keys()
      // The rival was offered the same ticket, second in a list.
      it.router.state.offers.set(other as never, {
        ...it.router.state.offers.get(offers!)!,
        client: rival.signer.pubkey,
      })
      it.stage.advance(wait)
      const [parcel] = jobs
      if (parcel?.kind !== 'event') throw new Error('no job')
      const event = rival.signer.sign({
        ...forged(rival.signer, parcel.event, { offers: other }),
        created_at: (it.stage.now / 1000) as never,
      })
      const link = [...it.router.links].find(([, end]) => end.to === rival)![0]
      it.stage.deliver({ ...withEvent(parcel, event), from: rival, link })
      expect(it.router.state.tickets.has(ticket!)).toBe(!taken)
      expect(heardBy(rival, 'refused').filter((refused) => refused.reason === 'used')).toHaveLength(
        taken ? 0 : 1,
      )
    }
  })
})

test('a client that names a ticket that was offered to somebody else is declined, and the other has it', () => {
  const it = scene()
  const jobs = held(it.stage, it.router, 'job')
  const bodies = held(it.stage, it.router, 'input')
  const job = wish(it.stage, it.client)
  const [parcel] = jobs
  const rival = addClient(it.stage, it.router)
  it.stage.tampers.length = 0
  const theirs = wish(it.stage, rival)
  expect(isOpen(it.stage, theirs)).toBe(false)
  const offers = eventsTo(rival, 'offers').at(-1)!.id
  if (parcel?.kind !== 'event') throw new Error('no job was sent')
  const ofRival = forged(rival.signer, parcel.event, { offers })
  it.stage.say(rival, ofRival)
  expect(declinedTo(rival)).toEqual(['restricted: not one of your offers'])
  for (const one of [parcel, ...bodies]) it.stage.deliver(one)
  it.stage.advance(1_000)
  expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, verified: true })
})
