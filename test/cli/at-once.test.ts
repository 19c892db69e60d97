// Processes of one user at once, on a tab that covers few of their jobs: they read in the ledger what the others draw.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { fakeOpenai } from '../fakes/runner.ts'
import { readNode } from './books.ts'
import { type Place, binary, place } from './cli.ts'

const server = fakeOpenai({ words: Array.from({ length: 3_900 }, (_, i) => `w${i} `) })
let here: Place

beforeAll(async () => {
  here = place(await binary())
}, 120_000)

afterAll(async () => {
  await server.stop()
  here[Symbol.dispose]()
})

test('eight requests at once, each of which may cost nearly all of the tab, are all served', async () => {
  const router = here.start(['serve', 'router', '--listen', '127.0.0.1:0', '--json'])
  await router.until(/"type":"ready"/)
  const { pinned } = JSON.parse(router.stdout())
  const serve = `serve node --json --router ${pinned} --queue 16 --runner openai=${server.url}`
  const node = here.start(serve.split(' '))
  await node.until(/"router\.joined"/, 'stderr')
  const request = (tokens: number) =>
    here.start(`request --json --router ${pinned} --max-tokens ${tokens} Count`.split(' '))
  expect((await request(8).done).code).toBe(0)

  // Each goes on after its second word when it is told to: all are open, or wait for their turn, at one time.
  server.misbehave('waits')
  const all = Array.from({ length: 8 }, () => request(3_900))
  const open = new Set(all)
  for (const it of all) void it.done.then(() => open.delete(it))
  const paid = async () =>
    JSON.parse((await here.run(['pay', 'history', '--json'])).stdout).paid_msat
  // 10 sat at first, and 100 sat more before any of them has ended.
  const until = performance.now() + 5_000
  while ((await paid()) !== '110000' && performance.now() < until) await Bun.sleep(50)
  expect([await paid(), open.size]).toEqual(['110000', 8])
  while (open.size > 0) {
    server.tell()
    await Bun.sleep(20)
  }
  const ran = await Promise.all(all.map(({ done }) => done))
  expect(ran.map(({ code, stdout }) => [code, JSON.parse(stdout).error])).toEqual(
    ran.map(() => [0, null]),
  )
  expect(await paid()).toBe('110000')
  for (const it of [node, router]) {
    it.signal('SIGTERM')
    expect((await it.done).code).toBe(0)
  }
  const [tab] = (await readNode(here)).tabs
  expect([tab!.paid, tab!.reserved, tab!.n]).toEqual([110_000n, 0n, 9] as never)
}, 60_000)
