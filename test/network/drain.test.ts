// The end of a router or a node in good order, and clients that share one key.
import { describe, expect, test } from 'bun:test'
import { Fault } from '../../src/engine/base/fault.ts'
import { type Script, scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { World } from './world.ts'

const opened = async (script: Partial<Script> = {}) => {
  const world = new World({ seed: 11 })
  await world.startRouter()
  const pieces = textPieces(['one ', 'two ', 'three '])
  const runner = scriptedRunner(
    { pieces, pieceMs: 1_000, ...script },
    { clock: world.clock, slots: 8 },
  )
  const node = await world.addNode([runner])
  const client = await world.addClient()
  await world.clock.advance(100)
  return { world, node: node.node!, router: world.router!, client }
}

/** Whether a promise has resolved by now. */
const watched = (promise: Promise<void>) => {
  const it = { done: false }
  void promise.then(() => {
    it.done = true
  })
  return it
}

describe('a node that drains', () => {
  test('finishes what runs, has no ticket out, and takes nothing more', async () => {
    const { world, node, router, client } = await opened()
    expect(node.figures()).toMatchObject({ routers: 1, jobs: 0 })
    expect(node.figures().tickets).toBeGreaterThan(0)
    const running = world.request(client, {})
    await world.clock.advance(1_500)
    expect(node.figures().jobs).toBe(1)
    const drained = watched(node.drain())
    const late = world.request(client, {})
    await world.clock.advance(100)
    expect(node.figures().tickets).toBe(0)
    expect(router.figures().tickets).toBe(0)
    expect(late.outcome?.fault).toBeInstanceOf(Fault)
    expect(drained.done).toBe(false)
    await world.clock.advance(5_000)
    expect(running.outcome).toMatchObject({ verified: true, finish: 'stop' })
    expect(drained.done).toBe(true)
    // Nothing is issued again, however long it stays.
    await world.clock.advance(120_000)
    expect(node.figures().tickets).toBe(0)
    await world.close()
    expect(world.faults).toEqual([])
  })
})

describe('a router that drains', () => {
  test('offers nothing, and lets what is open end', async () => {
    const { world, router, client } = await opened()
    const running = world.request(client, {})
    await world.clock.advance(1_500)
    expect(router.figures()).toMatchObject({ nodes: 1, jobs: 1 })
    const drained = watched(router.drain())
    const late = world.request(client, {})
    await world.clock.advance(100)
    expect(late.outcome?.fault).toMatchObject({
      kind: 'again',
      code: 'router.declined',
      message: expect.stringContaining('about to end'),
    })
    expect(drained.done).toBe(false)
    await world.clock.advance(5_000)
    expect(running.outcome).toMatchObject({ verified: true, finish: 'stop' })
    expect(drained.done).toBe(true)
    await world.close()
  })
})

describe('clients with one key', () => {
  test('each gets its own answer, and one that leaves takes nothing from the others', async () => {
    const { world } = await opened()
    const { signer } = world.clients[0]!
    const [first, second] = [await world.addClient(signer), await world.addClient(signer)]
    await world.clock.advance(100)
    const one = world.request(first, {})
    await world.clock.advance(1_200)
    // The newest link of the key goes.
    await second.close()
    await world.clock.advance(10_000)
    expect(one.outcome).toMatchObject({ verified: true, finish: 'stop' })
    await world.close()
  })

  test('who is told that its key has enough open asks again, until its time is up', async () => {
    const { world } = await opened({ pieceMs: 100 })
    const { signer } = world.clients[0]!
    const asked = []
    for (let i = 0; i < 8; i++) {
      const client = await world.addClient(signer)
      await world.clock.advance(20)
      asked.push(world.request(client, { deadlineMs: 60_000 }))
    }
    await world.clock.advance(60_000)
    expect(asked.map((it) => it.outcome?.verified)).toEqual(asked.map(() => true))
    await world.close()
  })
})
