// What is on a tab at the node of `fedai up` outlives Ctrl-C.
import { expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fakeOpenai } from '../fakes/runner.ts'
import { binary, place } from './cli.ts'
import { jsonOf } from './pay.ts'

test('the node of the next fedai up is the one that was paid', async () => {
  using here = place(await binary())
  const detect = ['request', '--json', '--task', 'text.detect', 'Wer rastet, der rostet.']
  const served = async () => {
    const up = here.start(['up', '--port', '0', '--runner', 'none'])
    await up.until(/^try:/m)
    const { said } = await jsonOf(here.run(detect))
    up.signal('SIGINT')
    expect((await up.done).code).toBe(0)
    return said
  }
  const [first, second] = [await served(), await served()]
  expect([second.node, second.router]).toEqual([first.node, first.router])
  expect(second.events.filter((it: { type: string }) => it.type === 'paid')).toEqual([])
  const { said } = await jsonOf(here.run(['pay', 'tabs', '--json']))
  expect(said.tabs).toMatchObject([{ node: first.node, paid_msat: '10000' }])
}, 120_000)

test('started again under a client that waits, it is its own router still, and the job is done', async () => {
  using here = place(await binary())
  const server = fakeOpenai()
  const start = async (port: number) => {
    const up = here.start([
      'up',
      '--json',
      '--port',
      String(port),
      '--runner',
      `openai=${server.url}`,
    ])
    await up.until(/"type":"ready"/)
    const { router } = JSON.parse(up.stdout().split('\n')[0]!)
    return { up, port: Number(new URL(router.address).port) }
  }
  const first = await start(0)
  server.misbehave('never answers')
  const job = here.start(['request', '--json', 'hello'])
  while (server.requests.length === 0) await Bun.sleep(10)
  first.up.signal('SIGKILL')
  await first.up.done
  server.misbehave(null)
  const second = await start(first.port)
  const ran = await job.done
  expect(ran.stderr + ran.stdout).not.toContain('another key')
  expect(ran.code).toBe(0)
  second.up.signal('SIGINT')
  await second.up.done
  await server.stop()
}, 120_000)

test('a ledger of the node that is lost: the node begins anew, and the next job is paid anew there', async () => {
  using here = place(await binary())
  const detect = ['request', '--json', '--task', 'text.detect', 'Wer rastet, der rostet.']
  const served = async () => {
    const up = here.start(['up', '--port', '0', '--runner', 'none'])
    await up.until(/^try:/m)
    const ran = await jsonOf(here.run(detect))
    up.signal('SIGINT')
    return { ...ran, up: await up.done }
  }
  const first = await served()
  for (const file of new Bun.Glob('state/up/node/ledger.db*').scanSync(here.home))
    rmSync(join(here.home, file))
  const second = await served()
  expect(second.up.stderr).toContain('begins anew under another key')
  expect(second).toMatchObject({ code: 0, said: { left_msat: '9999' } })
  expect(second.said.node).not.toBe(first.said.node)
}, 120_000)
