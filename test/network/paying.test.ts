import { expect, test } from 'bun:test'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { checkInvariants } from './invariants.ts'
import { World, type WorldOptions } from './world.ts'

const words = (count: number) => Array.from({ length: count }, (_, i) => `word${i} `)

const paying = async (
  options: Partial<WorldOptions> = {},
  script = { pieces: textPieces(words(20)) },
) => {
  const it = new World({ seed: 3, latencyMs: 5, purse: 1_000_000n, ...options })
  await it.startRouter()
  await it.addNode([scriptedRunner(script, { clock: it.clock, slots: 2 })])
  await it.clock.advance(1_000)
  const client = await it.addClient()
  await it.clock.advance(1_000)
  return { it, client }
}

test('a job is paid before it goes out: a top-up, a draw, a receipt, a statement', async () => {
  const { it, client } = await paying()
  const asked = it.request(client, { outTokens: 64 })
  await it.clock.advance(10_000)
  expect(asked.outcome?.fault).toBeNull()
  const told = asked.news.map((news) => news.type).filter((type) => type !== 'piece')
  expect(told).toEqual(['offers', 'funding', 'paying', 'paid', 'accepted', 'started', 'ended'])
  const { cost, left } = asked.outcome!
  expect(cost).toBeGreaterThan(0n)
  expect(left).toBe(10_000n - cost)
  expect(await it.bank!.balance('node 0', it.clock)).toBe(10_000n)
  expect(await it.bank!.balance('client 0', it.clock)).toBe(990_000n)
  const [tab] = it.nodes[0]!.store.money.tabs(it.nodes[0]!.signer.pubkey)
  expect(tab).toMatchObject({ paid: 10_000n, used: cost, reserved: 0n, seq: 1, n: 1 })
  const view = it.bank!.purses[0]!.view(it.nodes[0]!.signer.pubkey)
  expect(view).toMatchObject({ paid: 10_000n, used: cost, seq: 1, n: 1, broken: false })
  checkInvariants(it, [asked])
  await it.close()
})

test('the next job draws on what is left, and pays nothing first', async () => {
  const { it, client } = await paying()
  const first = it.request(client, {})
  await it.clock.advance(10_000)
  const second = it.request(client, {})
  await it.clock.advance(10_000)
  expect(second.outcome?.fault).toBeNull()
  expect(second.news.some(({ type }) => type === 'paying')).toBe(false)
  expect(second.outcome!.left).toBe(10_000n - first.outcome!.cost - second.outcome!.cost)
  expect(await it.bank!.balance('node 0', it.clock)).toBe(10_000n)
  await it.close()
})
