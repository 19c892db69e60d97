import { expect, test } from 'bun:test'
import { newsOf, piece, wish } from './cast.ts'
import { heardBy, scene } from './scene.ts'

const begun = () => {
  const it = scene({ words: null })
  const job = wish(it.stage, it.client)
  const run = it.node.runs[0]!
  it.stage.tell(it.node, { type: 'started', tag: run.tag })
  const said = () => newsOf(it.stage, job).filter((news) => news.type === 'started').length
  return { ...it, job, run, said }
}

test('a first frame says that the runner has begun, and nothing else does', () => {
  const it = begun()
  it.stage.advance(499)
  expect(it.said()).toBe(0)
  piece(it.stage, it.node, it.run, 'one ', 1)
  it.stage.advance(10_000)
  expect(heardBy(it.router, 'started')).toEqual([])
  expect(newsOf(it.stage, it.job).map((news) => news.type)).toEqual([
    'offers',
    'accepted',
    'started',
    'piece',
  ])
})

test('a runner that has given nothing for half a second is said to have begun, once', () => {
  const it = begun()
  it.stage.advance(500)
  expect(it.said()).toBe(1)
  it.stage.advance(5_000)
  piece(it.stage, it.node, it.run, 'one ', 1)
  it.stage.advance(1)
  expect(heardBy(it.router, 'started')).toHaveLength(1)
  expect(it.said()).toBe(1)
})

test('of a job that was cancelled before, nothing is said', () => {
  const it = begun()
  it.stage.advance(100)
  it.stage.tell(it.client, { type: 'cancel', job: it.job })
  it.stage.advance(10_000)
  expect(heardBy(it.router, 'started')).toEqual([])
  expect(heardBy(it.router, 'receipt')).toMatchObject([{ cost: '0' }])
})
