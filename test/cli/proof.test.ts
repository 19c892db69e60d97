// A router that wants to see each payment, killed in between, with a node and a client as processes, in play money.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { freePorts } from '../../scripts/live/lnd/daemon.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { openStore } from '../../src/engine/storage/sqlite.ts'
import { FAKE_WORDS, type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { type Place, type Running, binary, place } from './cli.ts'
import { jsonOf } from './pay.ts'

let fedai: string
let server: FakeOpenai
let here: Place
const running: Running[] = []
beforeAll(async () => {
  fedai = await binary()
  server = fakeOpenai()
  here = place(fedai)
}, 120_000)
afterAll(async () => {
  for (const it of running) it.signal('SIGKILL')
  await Promise.all(running.map((it) => it.done))
  await server.stop()
  expect(await here.sprung()).toBe(false)
  here[Symbol.dispose]()
})

const serve = (...args: string[]): Running => {
  const it = here.start(['serve', ...args])
  running.push(it)
  return it
}

const [port] = freePorts(1)
const router = (): Running =>
  serve(
    'router',
    '--listen',
    `127.0.0.1:${port}`,
    ...'--require-payment before --payment-evidence proof'.split(' '),
  )

/** What the router has written of the payments that it was shown. It must have ended. */
const shown = async () => {
  const [path] = [...new Bun.Glob('state/router/*/ledger.db').scanSync(here.home)]
  const store = await openStore(join(here.home, path!))
  const rows = store.money.proofs()
  await store.close()
  return rows.map(({ job, used }) => ({ job, used }))
}

test('each job is paid alone and shown; a router that was killed knows which payments are used up', async () => {
  const first = router()
  await first.until(/"ready"/, 'stderr')
  const node = serve('node', '--runner', `openai=${server.url}`)
  await Promise.all([first.until(/"node\.joined"/, 'stderr'), node.until(/"ready"/, 'stderr')])
  const { code, stdout, stderr } = await here.run(['request', 'hello'])
  expect([code, stdout]).toEqual([0, FAKE_WORDS.join('')])
  expect(stderr).toContain('wants to see')
  expect(stderr).toMatch(/ · [\d.]+ m?sat not used, and gone · play money\n$/)
  first.signal('SIGKILL')
  await first.done
  const before = await shown()
  expect(before).toMatchObject([{ used: true }])

  const second = router()
  await second.until(/"node\.joined"/, 'stderr')
  // Its tickets follow.
  while ((await here.run(['request', '--dry-run', 'hello'])).code !== 0) await Bun.sleep(50)
  const dry = await here.run(['request', '--dry-run', 'hello'])
  expect(dry.stdout).toContain('each job is paid alone')
  expect(dry.stdout).toMatch(/ceiling [\d.]+ sat by an invoice of its own, 1 sat at least/)
  const looked = await jsonOf(here.run(['request', '--dry-run', '--json', 'hello']))
  expect(looked.said).toMatchObject({ paid_alone: true, wants_proof: true })
  const next = await jsonOf(here.run(['request', '--json', 'hello']))
  expect([next.code, next.said.error]).toEqual([0, null])
  expect(next.said).toMatchObject({ left_gone: true, left_msat: expect.stringMatching(/^[1-9]/) })
  expect(next.said.bundle.proofs).toMatchObject([{ kind: KINDS.proof }])
  const file = here.file('result.json', JSON.stringify(next.said))
  const checked = await jsonOf(here.run(['verify', '--json', file]))
  expect([checked.code, checked.said.wrong]).toEqual([0, null])
  const { said } = await jsonOf(here.run(['pay', 'history', '--json']))
  type Paid = { purpose: string; ref: string; state: string }
  const jobs = said.payments.map(({ purpose, state }: Paid) => `${purpose} ${state}`)
  expect(jobs).toEqual(['job settled', 'job settled'])
  second.signal('SIGTERM')
  expect((await second.done).code).toBe(0)
  expect(await shown()).toEqual([...before, { job: next.said.job, used: true }])
}, 60_000)

test('only a payment before the job can be proven: what stands there is what the hint is about', async () => {
  for (const [rule, hint] of [
    [[], 'add --require-payment before'],
    [['--require-payment', 'after'], 'write --require-payment before, not after'],
  ] as const) {
    const args = ['serve', 'router', '--payment-evidence', 'proof', ...rule]
    const { code, stderr } = await here.run(args)
    expect(code).toBe(78)
    expect(stderr).toContain(`  ${hint}, or leave --payment-evidence proof out`)
  }
})
