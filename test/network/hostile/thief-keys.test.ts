import { describe, expect, test } from 'bun:test'
import { concat } from '../../../src/engine/base/bytes.ts'
import { openInput, openOutput } from '../../../src/engine/identity/frame-seal.ts'
import { openWrap } from '../../../src/engine/identity/seal.ts'
import { signerOf } from '../../../src/engine/identity/signer.ts'
import { frameHeader } from '../../../src/engine/protocol/frames.ts'
import type { EventId, JobId, PubKey } from '../../../src/engine/protocol/ids.ts'
import { addClient, addNode, addRouter, outcomeOf, wish } from './cast.ts'
import { contentOf } from './parcel.ts'
import type { Party } from './party.ts'
import { eventsTo } from './scene.ts'
import { Stage } from './stage.ts'

const PROMPT = 'Kanarienvogel-prompt'
const ANSWER = 'Kanarienvogel-answer '

/**
 * A job that is over, all that crossed its router, and the secret keys of all three: client, node, router.
 * `inUse` are the secrets of the node's tickets while the job ran.
 */
const recorded = () => {
  const stage = new Stage()
  const secrets = [1, 2, 3].map((n) => new Uint8Array(32).fill(n))
  const signers = secrets.map((secret) => signerOf(secret, stage.secp, stage.random))
  stage.newSigner = () => signers.shift()!
  const router = addRouter(stage)
  const node = addNode(stage, router, { words: [ANSWER, 'two '] })
  const client = addClient(stage, router)
  const inUse: Uint8Array[] = []
  stage.tampers.push(() => {
    for (const { secret } of node.state.tickets.values()) inUse.push(Uint8Array.from(secret))
    return undefined
  })
  const job = wish(stage, client, { input: { messages: [{ role: 'user', content: PROMPT }] } })
  stage.advance(5_000)
  expect(outcomeOf(stage, job)).toMatchObject({ fault: null, verified: true })
  return { stage, router, node, secrets, inUse }
}

/** What a secret opens of all that crossed a router. */
const opened = (router: Party, secret: Uint8Array): string =>
  eventsTo(router, 'job')
    .map((event) => {
      const { job, ticket, wrap } = contentOf(event) as unknown as Taken
      const found = openWrap({ secret, wrap, ticket, job, client: event.pubkey as PubKey })
      if (!found) return ''
      const parts = router.heard.map((it) => {
        if (it.kind !== 'frame') return undefined
        const { seq, bytes, type } = it.frame
        if (type === 'input') return openInput(found.contentKey, job, seq, bytes)
        if (type !== 'output') return undefined
        return openOutput(found.secrets.out, frameHeader(it.frame), seq, bytes)
      })
      return new TextDecoder().decode(concat(...parts.filter((it) => it !== undefined)))
    })
    .join('')

type Taken = { job: JobId; ticket: EventId; wrap: { enc: string; ct: string } }

describe('a job that somebody recorded', () => {
  test('is opened by no identity key: not the client’s, the node’s or the router’s', () => {
    const { router, secrets, inUse } = recorded()
    for (const secret of secrets) expect(opened(router, secret)).toBe('')
    // The same search, with the secret of its ticket, finds both.
    const all = inUse.map((secret) => opened(router, secret)).join('')
    expect(all).toContain(PROMPT)
    expect(all).toContain(ANSWER.trim())
  })

  test('is opened by nothing that its node still has in memory two minutes later', () => {
    const { stage, router, node } = recorded()
    stage.advance(120_000)
    const left = [...node.state.tickets.values()].map((it) => it.secret)
    expect(left.length).toBeGreaterThan(0)
    for (const secret of left) expect(opened(router, secret)).toBe('')
    expect(node.state.jobs.size).toBe(0)
  })
})
