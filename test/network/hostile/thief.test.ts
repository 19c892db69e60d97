import { describe, expect, test } from 'bun:test'
import type { JobId } from '../../../src/engine/protocol/ids.ts'
import { addClient, addNode, addRouter, done, newsOf, outcomeOf, piece, wish } from './cast.ts'
import { midstream } from './midstream.ts'
import type { ClientParty, NodeParty, RouterParty } from './party.ts'
import { forged } from './parcel.ts'
import { framesTo, heardBy, onWay, scene, unharmed } from './scene.ts'
import { Stage } from './stage.ts'

const SLOTS = 50
/** What an honest job would give: 40 words, at 5 msat for the prompt and 2.5 for each word. */
const words = Array.from({ length: 40 }, (_, i) => `word${i} `)
const WHOLE = 105n

type Den = { stage: Stage; router: RouterParty; node: NodeParty; thieves: Set<ClientParty> }

/** A node that sells to whoever comes, and thieves who read and let no credit out of the house. */
const den = (): Den => {
  const stage = new Stage({ quick: true })
  const router = addRouter(stage)
  const node = addNode(stage, router, { words, slots: SLOTS })
  const thieves = new Set<ClientParty>()
  stage.tampers.push(({ from, to, kind, ...parcel }) => {
    const credits = kind === 'frame' && 'frame' in parcel && parcel.frame.type === 'outputCredit'
    return to === router && credits && thieves.has(from as ClientParty) ? [] : undefined
  })
  return { stage, router, node, thieves }
}

const enter = (it: Den): ClientParty => {
  const thief = addClient(it.stage, it.router)
  it.thieves.add(thief)
  return thief
}

const leave = (it: Den, thief: ClientParty): void => {
  it.stage.cut(thief, [...thief.links.keys()][0]!)
  it.stage.parties.splice(it.stage.parties.indexOf(thief), 1)
}

const piecesOf = (it: Den, job: JobId): number =>
  newsOf(it.stage, job).filter((news) => news.type === 'piece').length

/** What all keys but these have had of the node and not paid, msat. */
const stolen = ({ node }: Den): bigint =>
  [...node.state.accounts.values()].reduce((sum, it) => sum + it.lost + it.outstanding, 0n)

describe('a thief who reads and never credits', () => {
  test('with 1,000 keys gets 1,000 first pieces: 8 sats of 105 asked for; nothing more however long he goes on', () => {
    const it = den()
    let pieces = 0
    for (let crowd = 0; crowd < 1_000 / SLOTS; crowd++) {
      const keys = Array.from({ length: SLOTS }, () => enter(it))
      const first = keys.map((key) => wish(it.stage, key))
      it.stage.advance(16_000)
      // Some go on with their keys: they are refused at once, each time.
      const more = keys.slice(0, 4).map((key) => wish(it.stage, key))
      it.stage.advance(1_000)
      pieces += first.reduce((sum, job) => sum + piecesOf(it, job), 0)
      for (const job of more) {
        expect(piecesOf(it, job)).toBe(0)
        expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'job.policy' })
      }
      for (const key of keys) leave(it, key)
    }
    expect(pieces).toBe(1_000)
    expect(stolen(it)).toBe(8_000n)
    expect(1_000n * WHOLE).toBe(105_000n)
    // The node serves others as before, and has kept little.
    const honest = addClient(it.stage, it.router)
    const job = wish(it.stage, honest)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, cost: WHOLE })
    it.stage.advance(300_000)
    expect(it.node.state.jobs.size + it.router.state.jobs.size).toBe(0)
    expect(it.node.state.waiting.size).toBe(0)
    expect(it.node.state.accounts.size).toBe(1_001)
    unharmed(it.stage)
  }, 60_000)

  test('who has paid before gets a tenth of it and one piece', () => {
    const it = den()
    const thief = enter(it)
    it.thieves.clear()
    const paidJobs = 30
    for (let n = 0; n < paidJobs; n++) {
      wish(it.stage, thief)
      it.stage.advance(1_000)
    }
    const account = it.node.state.accounts.get(thief.signer.pubkey)!
    const paid = BigInt(paidJobs) * WHOLE
    expect(account).toMatchObject({ paid, lost: 0n })
    it.thieves.add(thief)
    for (let n = 0; n < 20; n++) {
      wish(it.stage, thief)
      it.stage.advance(40_000)
    }
    expect(account.paid).toBe(paid)
    // He is refused when it is beyond a tenth, not before, and the last piece cannot be a large one.
    expect(account.lost > paid / 10n).toBe(true)
    expect(account.lost <= paid / 10n + WHOLE).toBe(true)
    expect(heardBy(thief, 'refused').at(-1)).toMatchObject({ reason: 'policy' })
    unharmed(it.stage)
  })

  test('in four jobs at once gets one piece, not four', () => {
    const it = den()
    const thief = enter(it)
    const jobs = Array.from({ length: 4 }, () => wish(it.stage, thief))
    it.stage.advance(100_000)
    expect(jobs.reduce((sum, job) => sum + piecesOf(it, job), 0)).toBe(1)
    expect(stolen(it)).toBe(8n)
  })

  test('and asks for a whole result gets its first kilobyte, and is charged for no more', () => {
    const it = midstream(0, { stranger: true })
    piece(it.stage, it.node, it.run, 'x'.repeat(100_000), 64)
    done(it.stage, it.node, it.run, 64)
    it.stage.advance(100_000)
    const [frame, ...rest] = framesTo(it.router, 'output')
    expect(rest).toEqual([])
    expect(frame!.bytes.length).toBeLessThan(1_200)
    const { lost } = it.node.state.accounts.get(it.client.signer.pubkey)!
    // One of 196 parts, each at its share of the 165 msat of the whole, rounded up.
    expect(lost).toBe(4n)
  })
})

test('who disputes everything gets one job', () => {
  const it = scene({ stranger: true, words })
  onWay(it.stage, it.router, 'acknowledgement', (said) =>
    forged(it.client.signer, said, { verdict: 'dispute', reason: 'usage' }),
  )
  const first = wish(it.stage, it.client)
  it.stage.advance(2_000)
  expect(outcomeOf(it.stage, first).fault).toBeNull()
  const next = wish(it.stage, it.client)
  it.stage.advance(2_000)
  expect(outcomeOf(it.stage, next).fault).toMatchObject({ code: 'job.policy' })
  const honest = addClient(it.stage, it.router)
  const job = wish(it.stage, honest)
  it.stage.advance(2_000)
  expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, verified: true })
})
