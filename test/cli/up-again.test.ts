// What is on a tab at the node of `fedai up` outlives Ctrl-C.
import { expect, test } from 'bun:test'
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
  expect(second.node).toBe(first.node)
  expect(second.events.filter((it: { type: string }) => it.type === 'paid')).toEqual([])
  const { said } = await jsonOf(here.run(['pay', 'tabs', '--json']))
  expect(said.tabs).toMatchObject([{ node: first.node, paid_msat: '10000' }])
}, 120_000)
