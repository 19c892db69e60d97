import { describe, expect, test } from 'bun:test'
import { addNode, newsOf, outcomeOf, wish } from './cast.ts'
import { held, scene, unharmed } from './scene.ts'

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
