// What a client, or whoever took its draw, may try at a node. Numbers are those of the attacks (lightning.md, section 5).
import { describe, expect, test } from 'bun:test'
import { wrapKey } from '../../../src/engine/identity/seal.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { type Signed, eventText } from '../../../src/engine/protocol/event.ts'
import type { EventId } from '../../../src/engine/protocol/ids.ts'
import type { Contents } from '../../../src/engine/protocol/messages.ts'
import { PLAY_PRICES } from '../../../src/engine/roles/node/prices.ts'
import { addClient, addRouter, done, isOpen, outcomeOf, piece, wish } from './cast.ts'
import { credit } from './midstream.ts'
import { type MoneyScene, lettersTo, moneyScene, tabAt, tabKey, viewAt } from './money-scene.ts'
import { type Content, contentOf, forged } from './parcel.ts'
import { eventsTo, framesTo, heardBy, onWay, unharmed } from './scene.ts'

const other = 'c'.repeat(64)

/** A scene in which 10 sat lie on the tab, and one job has used some of it. */
const funded = (): MoneyScene => {
  const it = moneyScene()
  wish(it.stage, it.client)
  it.stage.advance(2_000)
  expect(it.mint.paid).toHaveLength(1)
  return it
}

type Draw = Contents['draw']
/** A draw for a job, as its client would have signed it, but for what is changed. */
type Change = (
  job: Content,
  it: MoneyScene,
) => Readonly<{
  draw?: Partial<Draw>
  by?: Signer
  net?: string
  to?: string
  text?: string | null
}>

/** Wraps the key of a job anew, with the draw of a liar who has all of the client's keys. */
const redrawn = (it: MoneyScene, event: Signed, change: Change): Signed => {
  const job = contentOf(event)
  const { draw, by = tabKey(it), net = 'sim', to, text } = change(job, it)
  const { body, ceiling, timing } = job as {
    body: Content
    ceiling: string
    timing: Draw['timing']
  }
  const about = job.ticket as EventId
  const content: Draw = {
    job: job.job as Draw['job'],
    ticket: about,
    client: event.pubkey,
    body: String(body.sha256),
    ceiling,
    timing,
    ...draw,
  }
  const address = {
    now: it.stage.now,
    net: net as 'sim',
    to: (to ?? it.node.signer.pubkey) as never,
    about,
  }
  const signed = eventText(by.sign(draftOf('draw', content, address)))
  const held = it.client.state.jobs.get(job.job as never)!
  const wrapped = wrapKey({
    to: held.attempt!.offered.ticket.body.key,
    contentKey: held.contentKey,
    draw: text === undefined ? signed : text,
    job: job.job as never,
    ticket: about,
    client: event.pubkey,
    random: it.stage.random,
  })
  return forged(it.client.signer, event, { wrap: wrapped.wrap as unknown as Content })
}

/** A job with such a draw: what the node says to it. */
const drawnBy = (change: Change, it = funded()) => {
  for (const name of ['job', 'rewrap'])
    onWay(it.stage, it.node, name, (job) => redrawn(it, job, change))
  const runs = it.node.runs.length
  const before = { ...tabAt(it)! }
  wish(it.stage, it.client)
  it.stage.advance(100)
  unharmed(it.stage)
  expect(it.node.runs).toHaveLength(runs)
  // And nothing more is paid for it.
  expect(tabAt(it)).toEqual(before)
  return heardBy(it.router, 'refused').map(({ reason }) => reason)[0]
}

const LIES: Record<string, [reason: string, Change]> = {
  'attack 1: without one': ['unfunded', () => ({ text: null })],
  'that is no event': ['policy', () => ({ text: '{}' })],
  'attack 8: with another’s signature': [
    'policy',
    (_, { stage, node, client }) => {
      const signed = stage
        .newSigner()
        .sign(draftOf('draw', {} as never, { now: stage.now, net: 'sim', to: node.signer.pubkey }))
      return { text: eventText({ ...signed, pubkey: client.signer.pubkey }) }
    },
  ],
  'attack 6: of another job': ['policy', () => ({ draw: { job: other as never } })],
  'attack 6: for another ticket': ['policy', () => ({ draw: { ticket: other as never } })],
  'attack 6: for another input': ['policy', () => ({ draw: { body: other } })],
  'attack 8: for another session': ['policy', () => ({ draw: { client: other as never } })],
  'attack 7: for another node': ['policy', () => ({ to: other })],
  'attack 24: of another net': ['policy', () => ({ net: 'regtest' })],
  'with a lower ceiling than the job’s': ['policy', () => ({ draw: { ceiling: '1' } })],
  'with another timing than the job’s': ['policy', () => ({ draw: { timing: 'after' } })],
  'for a ticket that waits for another who pays': [
    'busy',
    ({ ticket }, { node, stage }) => {
      const hold = { payer: other as never, until: (stage.now + 60_000) as never, paid: false }
      node.state.till!.held.set(ticket as never, hold)
      return {}
    },
  ],
  'that claims a statement which never was': [
    'no_tab',
    () => ({ draw: { has: { n: 2, seq: 1 } } }),
  ],
  'that claims a payment which never was': ['no_tab', () => ({ draw: { has: { n: 1, seq: 2 } } })],
  'attack 2: of a key that paid nothing': ['no_tab', (_, { stage }) => ({ by: stage.newSigner() })],
}

describe('a draw is not taken', () => {
  for (const [what, [reason, change]] of Object.entries(LIES))
    test(what, () => expect(drawnBy(change)).toBe(reason))
})

test('attack 6: a draw that was taken is not taken again, in no form', () => {
  const it = funded()
  const [event] = eventsTo(it.node, 'job')
  const before = { ...tabAt(it)! }
  const runs = it.node.runs.length
  // As it was; and signed anew, so that no replay cache knows it.
  it.stage.say(it.router, event!, linkTo(it))
  const fresh = it.client.signer.sign({
    ...event!,
    created_at: Math.floor(it.stage.now / 1000) as never,
    tags: [...event!.tags, ['x', '1']],
  })
  it.stage.say(it.router, fresh, linkTo(it))
  it.stage.advance(1_000)
  expect(tabAt(it)).toEqual(before)
  expect(it.node.runs).toHaveLength(runs)
  unharmed(it.stage)
})

test('attack 20: jobs at once never draw more than there is', () => {
  const it = moneyScene({ words: null, slots: 8 })
  // After the first payment its wallet pays nothing more.
  it.mint.pays = () => (it.mint.paid.length > 0 ? 'failed' : 'settled')
  wish(it.stage, it.client, { outTokens: 2_000 })
  const jobs = Array.from({ length: 6 }, () => wish(it.stage, it.client, { outTokens: 2_000 }))
  it.stage.advance(5_000)
  const { reserved, paid, used } = tabAt(it)!
  expect(reserved + used).toBeLessThanOrEqual(paid)
  expect(it.node.runs).toHaveLength(1)
  expect(jobs.map((job) => outcomeOf(it.stage, job).fault?.code)).toContain('payment.failed')
  unharmed(it.stage)
})

test('the first piece leaves when what it draws is on the disk, and not before', () => {
  const it = funded()
  it.node.slowDisk = true
  const before = framesTo(it.client, 'output').length
  const job = wish(it.stage, it.client)
  it.stage.advance(500)
  // Its runner is at work all the same.
  expect(it.node.runs).toHaveLength(2)
  expect(framesTo(it.client, 'output')).toHaveLength(before)
  expect(it.mint.unwritten).toHaveLength(1)
  for (const written of it.mint.unwritten.splice(0)) it.stage.later(written)
  it.stage.drain()
  it.stage.advance(100)
  expect(framesTo(it.client, 'output').length).toBeGreaterThan(before)
  // Nor does its receipt, with what it charges.
  expect(eventsTo(it.client, 'receipt')).toHaveLength(1)
  for (const written of it.mint.unwritten.splice(0)) it.stage.later(written)
  it.stage.drain()
  expect(eventsTo(it.client, 'receipt')).toHaveLength(2)
  expect(outcomeOf(it.stage, job).fault).toBeNull()
})

test('attack 18: never more is sent than a tab covers, however many credits come', () => {
  // 2,500 msat a token: the 10 sat that are paid at first are four of them.
  const rates = { out_token: '2500000000' }
  const it = moneyScene({ words: null, rows: [{ ...PLAY_PRICES[0]!, rates, timings: ['stream'] }] })
  const { stage, client, node } = it
  it.mint.pays = () => (it.mint.paid.length > 0 ? 'failed' : 'settled')
  const job = wish(stage, client, { outTokens: 100 })
  stage.advance(1_000)
  const run = node.runs[0]!
  const at = [...node.state.jobs.values()][0]!
  // The last one says only why it ends.
  const sent = () => framesTo(client, 'output').filter((frame) => !frame.last).length
  for (let n = 1; n <= 40; n++) {
    piece(stage, node, run, `w${n} `, n)
    stage.advance(10)
    // Each frame that came is credited, and as much as it likes is allowed.
    credit({ stage, node, at, run }, sent(), 1e9)
  }
  expect(sent()).toBe(4)
  expect(isOpen(stage, job)).toBe(true)
  stage.advance(21_000)
  expect(sent()).toBe(4)
  expect(run.aborted).toBe(true)
  expect(heardBy(it.router, 'receipt')).toMatchObject([
    { status: 'partial', reason: 'payment', cost: '10000', usage: { out_token: 4 } },
  ])
  expect(tabAt(it)).toMatchObject({ paid: 10_000n, used: 10_000n, reserved: 0n })
  expect(it.mint.paid).toHaveLength(1)
  unharmed(stage)
})

describe('attack 22: a router that says of each job that nobody paid for it', () => {
  const denied = () => {
    const it = funded()
    onWay(it.stage, it.client, 'accepted', ({ content }) => {
      const { job, ticket } = JSON.parse(content) as { job: string; ticket: string }
      const said = { status: 'refused', job, ticket, reason: 'unfunded' } as never
      const to = it.client.signer.pubkey
      return it.router.signer.sign(draftOf('progress', said, { now: it.stage.now, net: 'sim', to }))
    })
    const job = wish(it.stage, it.client)
    it.stage.advance(61_000)
    return { ...it, job }
  }

  test('gets no second payment for what is paid', () => {
    const it = denied()
    expect(outcomeOf(it.stage, it.job).fault).toMatchObject({ kind: 'again' })
    expect(it.mint.paid).toHaveLength(1)
    expect(tabAt(it)!.paid).toBe(viewAt(it).paid)
    unharmed(it.stage)
  })

  test('keeps nobody from another router of that node, where the tab is as it was, and nothing is paid', () => {
    const it = denied()
    const elsewhere = addRouter(it.stage, { name: 'elsewhere' })
    it.stage.connect(it.node, elsewhere, (link) =>
      it.node.state.pinned.set(link, elsewhere.signer.pubkey),
    )
    const again = addClient(it.stage, elsewhere, { signer: it.stage.newSigner(), mint: it.mint })
    // One purse for all routers of a user.
    Object.assign(again.state, { money: it.client.state.money })
    it.mint.stores.set(again, it.mint.stores.get(it.client)!)
    const { used } = tabAt(it)!
    const job = wish(it.stage, again)
    it.stage.advance(5_000)
    expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null })
    expect(it.mint.paid).toHaveLength(1)
    expect(tabAt(it)!.used).toBeGreaterThan(used)
    unharmed(it.stage)
  })
})

const linkTo = (it: MoneyScene): number =>
  [...it.router.links].find(([, { to }]) => to === it.node)![0]

test('reading that its tab does not cover is not charged to a client that stops, and ends no node', () => {
  // A sat for each token that is read: the first payment of a stream is 10 sat.
  const rates = { in_token: '1000000000' }
  const it = moneyScene({ words: null, rows: [{ ...PLAY_PRICES[0]!, rates, timings: ['stream'] }] })
  const { stage, client, node } = it
  const content = 'a'.repeat(400)
  const job = wish(stage, client, { input: { messages: [{ role: 'user', content }] } })
  stage.advance(1_000)
  stage.tell(node, { type: 'started', tag: node.runs[0]!.tag })
  stage.advance(1_000)
  stage.tell(client, { type: 'cancel', job })
  stage.advance(5_000)
  unharmed(stage)
  expect(heardBy(it.router, 'receipt')).toMatchObject([
    { status: 'client_cancelled', cost: '0', usage: {} },
  ])
  expect(tabAt(it)).toMatchObject({ paid: 10_000n, used: 0n, reserved: 0n })
})

test('a job that draws on a tab which is used no more is counted there, and nothing else is asked about that', () => {
  const it = moneyScene({ words: null })
  const job = wish(it.stage, it.client)
  it.stage.advance(1_000)
  const tab = tabKey(it).pubkey
  // Its router wants proofs from now on.
  it.client.state.money!.off = true
  const [run] = it.node.runs
  piece(it.stage, it.node, run!, 'one ', 1)
  done(it.stage, it.node, run!, 1)
  it.stage.advance(40_000)
  expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, left: null })
  const { money } = it.mint.stores.get(it.client)!
  const { node } = it
  expect(money.charges(node.signer.pubkey, tab, 9)).toHaveLength(1)
  expect(money.statements(node.signer.pubkey, tab, 1, 9)).toHaveLength(1)
  expect(lettersTo(node, 'tab_sync')).toEqual([])
  expect(it.client.state.money!.heard.size).toBe(0)
})
