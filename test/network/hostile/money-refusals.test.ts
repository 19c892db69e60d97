// What is said of an invoice that there is none of: a node that says so without end, and others who say it in its place.
import { expect, test } from 'bun:test'
import { npub } from '../../../src/engine/identity/keys.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import type { EventId } from '../../../src/engine/protocol/ids.ts'
import { isOpen, newsOf, outcomeOf, wish } from './cast.ts'
import { letterOf } from './money.ts'
import {
  type MoneyScene,
  addPaidNode,
  inLetters,
  lettersTo,
  moneyScene,
  tabKey,
} from './money-scene.ts'
import { forged } from './parcel.ts'
import { declinedTo, heardBy, onWay, unharmed } from './scene.ts'

test.each([5_000, 60_000])(
  'a job that was refused for its tab, and whose node is then gone for %i ms, waits for it up to 20 s',
  (goneMs) => {
    const it = moneyScene()
    const seen = { denied: false }
    onWay(it.stage, it.client, 'accepted', (event) => {
      if (seen.denied) return event
      seen.denied = true
      const { job, ticket } = JSON.parse(event.content) as { job: string; ticket: string }
      const said = { status: 'refused', job, ticket, reason: 'unfunded' } as never
      const to = it.client.signer.pubkey
      return it.router.signer.sign(draftOf('progress', said, { now: it.stage.now, net: 'sim', to }))
    })
    const job = wish(it.stage, it.client)
    while (!seen.denied) it.stage.advance(10)
    const [link] = [...it.node.links.keys()]
    it.stage.cut(it.node, link!)
    it.stage.advance(Math.min(goneMs, 19_000))
    expect(isOpen(it.stage, job)).toBe(true)
    const news = () => newsOf(it.stage, job)
    expect(news().at(-1)).toMatchObject({ type: 'waiting', why: 'gone' })
    const before = news().length
    if (goneMs < 20_000)
      it.stage.connect(it.node, it.router, (id) =>
        it.node.state.pinned.set(id, it.router.signer.pubkey),
      )
    it.stage.advance(4_000)
    if (goneMs < 20_000) expect(news()[before]!.type).toBe('offers')
    else expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'task.none' })
    unharmed(it.stage)
  },
)

/** A job that waits for an invoice which never comes. */
const waiting = (it: MoneyScene) => {
  inLetters(it, 'client', 'invoice', () => null)
  const job = wish(it.stage, it.client)
  it.stage.advance(10)
  const ticket = it.client.state.jobs.get(job)!.funding!.offered.ticket.event.id
  let said = 0
  const refused = (by: Signer, about: string = ticket, to = it.client.signer.pubkey): Signed => {
    const content = { status: 'refused', job, ticket: about, reason: 'busy', detail: `${said++}` }
    return by.sign(draftOf('progress', content as never, { now: it.stage.now, net: 'sim', to }))
  }
  const funds = () => lettersTo(it.node, 'fund').length
  return { job, ticket, refused, funds }
}

test('a node that says it without end is waited for as long as two that say nothing, and no longer', () => {
  const it = moneyScene()
  const { job, refused, funds } = waiting(it)
  let ms = 0
  for (; ms < 60_000 && isOpen(it.stage, job); ms += 100) {
    it.stage.say(it.node, refused(it.node.signer))
    it.stage.advance(100)
  }
  expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'funding.silent', kind: 'again' })
  expect([ms > 15_000, ms < 30_000, funds() <= 30]).toEqual([true, true, true])
  expect(heardBy(it.client, 'refused').length).toBeGreaterThan(100)
  expect(it.mint.paid).toEqual([])
  unharmed(it.stage)
})

test('it is the node of the ticket that says it, for the key that has it; nobody else is heard', () => {
  const it = moneyScene()
  const { job, ticket, refused, funds } = waiting(it)
  const other = addPaidNode(it.stage, it.router, it.mint)
  const theirs = [...other.state.tickets.keys()][0]!
  for (const event of [refused(other.signer), refused(other.signer, theirs)])
    it.stage.say(other, event)
  const own = [...it.node.state.tickets.keys()].find((id) => id !== ticket)!
  for (const about of [theirs, own]) it.stage.say(it.node, refused(it.node.signer, about))
  const toClient = [...it.router.links].find(([, end]) => end.to === it.client)![0]
  for (const by of [it.router.signer, other.signer, it.stage.newSigner()])
    it.stage.say(it.router, refused(by), toClient)
  it.stage.say(it.node, refused(it.node.signer, ticket, it.stage.newSigner().pubkey))
  it.stage.advance(4_000)
  expect([isOpen(it.stage, job), funds()]).toEqual([true, 1])
  expect(declinedTo(it.node)).toEqual([expect.stringContaining('event.not_for_us')])
})

test('it is heard where the router has another ticket for that slot by now', () => {
  const it = moneyScene()
  const { ticket, refused, funds } = waiting(it)
  it.router.state.tickets.delete(ticket as EventId)
  it.stage.say(it.node, refused(it.node.signer))
  it.stage.advance(2_000)
  // Its client asks again after a second, and not when it has waited in vain.
  expect(funds()).toBe(2)
  unharmed(it.stage)
})

test('a sync that comes while the wallet is asked takes the word of it from nobody', () => {
  const it = moneyScene()
  const before = it.stage.onWork
  // The wallet has not answered yet.
  it.stage.onWork = (party, effect) =>
    effect.do === 'wallet' && effect.ask === 'invoice' ? true : before(party, effect)
  const job = wish(it.stage, it.client)
  it.stage.advance(10)
  const ticket = it.client.state.jobs.get(job)!.funding!.offered.ticket.event.id
  const [inner, to] = [tabKey(it), it.node.signer.pubkey]
  const content = { nonce: '3'.repeat(32), since: 0 } as never
  it.stage.say(
    it.client,
    letterOf(it.stage, { inner, outer: it.client.signer, to, name: 'tab_sync', content }),
  )
  it.stage.advance(10)
  expect(lettersTo(it.node, 'tab_sync')).toHaveLength(1)
  const event = { type: 'unissued', payer: inner.pubkey, ref: inner.pubkey } as const
  it.stage.tell(it.node, { type: 'wallet', event })
  it.stage.advance(10)
  expect(heardBy(it.client, 'refused')).toMatchObject([{ job, ticket }])
  unharmed(it.stage)
})

test('a router that places a job only as its node is never paid names no way, and none is named for it', () => {
  for (const timings of [undefined, ['before'], ['after']] as const) {
    const it = moneyScene()
    onWay(it.stage, it.client, 'offers', (offers) =>
      forged(it.router.signer, offers, { timings: ['hold'] }),
    )
    const job = wish(it.stage, it.client, timings ? { timings } : {})
    it.stage.advance(1_000)
    const { code, hint } = outcomeOf(it.stage, job).fault!
    expect(code).toBe('timing.none')
    expect(hint).toBe(
      `ask another node: --where deny:${npub(it.node.signer.pubkey)}\nor another router: --router ADDRESS`,
    )
    expect(it.mint.paid).toEqual([])
    unharmed(it.stage)
  }
})
