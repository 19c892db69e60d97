import { describe, expect, test } from 'bun:test'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { encodeFrame } from '../../../src/engine/protocol/frames.ts'
import { addNode, newsOf, outcomeOf, wish } from './cast.ts'
import { framesTo, held, onWay, scene, unharmed } from './scene.ts'

/** Three nodes, the first of which was silent; the job moves, and its client’s rewrap is on its way. */
const moving = () => {
  const it = scene()
  const nodes = [it.node, addNode(it.stage, it.router), addNode(it.stage, it.router)]
  for (const node of nodes) held(it.stage, node, 'job')
  const late = [held(it.stage, it.router, 'rewrap'), held(it.stage, it.router, 'cancel')]
  const job = wish(it.stage, it.client)
  const { node: key } = it.client.state.jobs.get(job)!.attempt!.offered
  it.stage.advance(1_100)
  const silent = nodes.find((node) => node.signer.pubkey === key)!
  const arrives = () => {
    it.stage.tampers.length = 0
    for (const parcel of late.flat()) it.stage.deliver(parcel)
    it.stage.advance(20_000)
  }
  return { ...it, job, silent, arrives }
}

describe('a node that refuses what it had accepted', () => {
  /** Word of it does not reach the client, nor its receipt the router: the job waits for a rewrap. */
  const left = () => {
    const it = scene({ words: null })
    const nodes = [it.node, addNode(it.stage, it.router, { words: null })]
    const job = wish(it.stage, it.client)
    const node = nodes.find(({ runs }) => runs.length > 0)!
    for (const name of ['refused', 'moved']) onWay(it.stage, it.client, name, () => null)
    onWay(it.stage, it.router, 'receipt', () => null)
    const { ticket } = it.client.state.jobs.get(job)!.attempt!.body
    const said = { status: 'refused', job, ticket, reason: 'restarted' } as const
    const address = { now: it.stage.now, net: 'sim', to: it.client.signer.pubkey } as const
    it.stage.say(node, node.signer.sign(draftOf('progress', said, address)))
    const record = it.router.state.jobs.get(job)!
    expect(record.phase).toBe('moving')
    return { ...it, job, node, record }
  }

  test('and sends output of it all the same: its client gets none, and may begin anew', () => {
    const it = left()
    const before = framesTo(it.client, 'output').length
    const { tag } = it.record.placings[0]!
    const bytes = new Uint8Array(100)
    it.stage.say(it.node, encodeFrame({ type: 'output', last: false, tag, seq: 0, bytes }))
    expect(framesTo(it.client, 'output')).toHaveLength(before)
    expect(it.record.placings[0]!.firstAt).toBeNull()
    unharmed(it.stage)
  })
})

describe('a silent node, while its job moves', () => {
  test('loses its link: the job moves no second time, and nothing more is learned of it', () => {
    const it = moving()
    const to = it.router.state.jobs.get(it.job)!.moving
    it.stage.cut(it.silent, [...it.silent.links.keys()][0]!)
    expect(it.router.state.jobs.get(it.job)).toMatchObject({ phase: 'moving', moving: to })
    it.arrives()
    const types = newsOf(it.stage, it.job).map(({ type }) => type)
    expect(types.filter((type) => type === 'moved' || type === 'again')).toEqual(['moved'])
    expect(outcomeOf(it.stage, it.job)).toMatchObject({ fault: null, verified: true })
    expect(it.router.observed.map((seen) => seen.outcome)).toEqual(['node_fault', 'ok'])
    unharmed(it.stage)
  })
})
