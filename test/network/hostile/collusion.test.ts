import { expect, test } from 'bun:test'
import { concat, toHex, utf8 } from '../../../src/engine/base/bytes.ts'
import { openInput, openOutput } from '../../../src/engine/identity/frame-seal.ts'
import { openWrap } from '../../../src/engine/identity/seal.ts'
import { frameHeader } from '../../../src/engine/protocol/frames.ts'
import type { JobId, EventId, PubKey } from '../../../src/engine/protocol/ids.ts'
import { addClient, addNode, addRouter, newsOf, outcomeOf, wish } from './cast.ts'
import { contentOf } from './parcel.ts'
import type { NodeParty, Party } from './party.ts'
import { eventsTo } from './scene.ts'
import { Stage } from './stage.ts'

const PROMPT = 'Kanarienvogel-prompt'
const ANSWER = 'Kanarienvogel-answer '

/** Everything that crossed a door, as one text: events as they are, frames in hex. */
const crossed = (party: Party): string =>
  party.heard
    .map((it) =>
      it.kind === 'event' ? it.text : it.kind === 'frame' ? toHex(it.bytes) : it.message,
    )
    .join('\n')

/**
 * What a router and nodes that tell it all their ticket secrets can open of what it passed on: each
 * wrapped key with each secret, in the name of each of their tickets and of the one that was taken.
 */
const opened = (router: Party, nodes: readonly NodeParty[], secrets: Secrets): string[] =>
  [...eventsTo(router, 'job'), ...eventsTo(router, 'rewrap')].flatMap((event) => {
    const { job, ticket, wrap } = contentOf(event) as unknown as Taken
    return nodes.flatMap((node) =>
      secrets(node).flatMap(({ id, secret }) =>
        [id, ticket].flatMap((as) => {
          const found = openWrap({ secret, wrap, ticket: as, job, client: event.pubkey as PubKey })
          return found ? [...plaintexts(router, found, job)] : []
        }),
      ),
    )
  })

type Taken = { job: JobId; ticket: EventId; wrap: { enc: string; ct: string } }
type Secrets = (node: NodeParty) => { id: EventId; secret: Uint8Array }[]

function* plaintexts(
  router: Party,
  { contentKey, secrets }: NonNullable<ReturnType<typeof openWrap>>,
  job: JobId,
): Generator<string> {
  const parts: Uint8Array[] = []
  for (const it of router.heard) {
    if (it.kind !== 'frame') continue
    const { frame } = it
    if (frame.type === 'input')
      parts.push(openInput(contentKey, job, frame.seq, frame.bytes) ?? EMPTY)
    if (frame.type === 'output')
      parts.push(openOutput(secrets.out, frameHeader(frame), frame.seq, frame.bytes) ?? EMPTY)
  }
  yield new TextDecoder().decode(concat(...parts))
}

const EMPTY = utf8('')

test('a router that lists nodes of its own behind the first learns nothing when the first one serves', () => {
  const stage = new Stage()
  const router = addRouter(stage)
  const words = [ANSWER, 'two ']
  const nodes = [1, 2, 3].map(() => addNode(stage, router, { words }))
  const client = addClient(stage, router)
  // The secrets of all tickets, from the moment of their making: nodes forget those that were used.
  const kept = new Map<NodeParty, Map<EventId, Uint8Array>>(nodes.map((it) => [it, new Map()]))
  const note = (): void => {
    for (const node of nodes)
      for (const { id, secret } of node.state.tickets.values())
        kept.get(node)!.set(id, Uint8Array.from(secret))
  }
  stage.tampers.push(() => void note())
  note()
  const job = wish(stage, client, { input: { messages: [{ role: 'user', content: PROMPT }] } })
  stage.advance(5_000)
  expect(outcomeOf(stage, job)).toMatchObject({ fault: null, verified: true })
  expect(contentOf(eventsTo(client, 'offers')[0]!).entries).toHaveLength(3)
  expect(newsOf(stage, job).some((it) => it.type === 'moved')).toBe(false)

  const serving = nodes.filter((node) => node.runs.length > 0)
  const own = nodes.filter((node) => node.runs.length === 0)
  expect(serving).toHaveLength(1)
  const secrets: Secrets = (node) => [...kept.get(node)!].map(([id, secret]) => ({ id, secret }))
  expect(own.every((node) => secrets(node).length > 0)).toBe(true)
  expect(opened(router, own, secrets)).toEqual([])
  expect(crossed(router)).not.toContain('Kanarienvogel')
  // The same search, with the secrets of the node that served, finds both.
  const [all] = opened(router, serving, secrets)
  expect(all).toContain(PROMPT)
  expect(all).toContain(ANSWER.trim())
})
