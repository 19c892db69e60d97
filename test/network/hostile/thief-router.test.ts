import { describe, expect, test } from 'bun:test'
import { newTicketKey } from '../../../src/engine/identity/seal.ts'
import { seededRandom } from '../../../src/engine/base/random.ts'
import { idOf } from '../../../src/engine/protocol/event.ts'
import { addClient, addNode, addRouter, newsOf, outcomeOf, wish } from './cast.ts'
import { forged } from './parcel.ts'
import { eventsTo, onWay, scene, unharmed } from './scene.ts'

const WORD = 'Kanarienvogel '
const OWN = newTicketKey(seededRandom(7)).public

describe('who has stolen a router’s key', () => {
  test('is believed at its address, and is as blind as the router', () => {
    const it = scene()
    const thief = addRouter(it.stage, { name: 'thief', again: it.router })
    addNode(it.stage, thief, { words: [WORD] })
    const client = addClient(it.stage, thief, { pinned: it.router.signer.pubkey })
    const job = wish(it.stage, client, { input: { messages: [{ role: 'user', content: WORD }] } })
    it.stage.advance(5_000)
    expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, verified: true })
    const texts = thief.heard.map((parcel) =>
      parcel.kind === 'event'
        ? parcel.text
        : parcel.kind === 'frame'
          ? Buffer.from(parcel.bytes).toString('latin1')
          : '',
    )
    expect(texts.length).toBeGreaterThan(5)
    expect(texts.join('\n')).not.toContain('Kanarienvogel')
    unharmed(it.stage)
  })

  test('signs no ticket, price or receipt of a node: what he changes gets no job', () => {
    const it = scene()
    onWay(it.stage, it.client, 'offers', (event) => {
      const { entries } = JSON.parse(event.content)
      const [{ ticket }] = entries
      // To a job key of his own, in the node's name: everything is right but whose signature it is.
      const draft = {
        ...ticket,
        content: JSON.stringify({ ...JSON.parse(ticket.content), key: OWN }),
      }
      const { sig } = it.router.signer.sign(draft)
      const own = { ...draft, id: idOf(ticket.pubkey, draft), sig }
      return forged(it.router.signer, event, { entries: [{ ...entries[0], ticket: own }] })
    })
    const job = wish(it.stage, it.client)
    it.stage.advance(10_000)
    expect(outcomeOf(it.stage, job).fault).not.toBeNull()
    expect([eventsTo(it.router, 'job').length, it.node.runs.length]).toEqual([0, 0])
    expect(newsOf(it.stage, job).at(-1)?.type).toBe('ended')
    unharmed(it.stage)
  })
})
