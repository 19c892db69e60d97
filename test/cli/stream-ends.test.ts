// A job by `stream` leaves nothing behind that somebody would have to look after.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { jsonOf } from './pay.ts'
import { type WithUp, withUp } from './with-up.ts'

let it: WithUp
beforeAll(async () => void (it = await withUp()), 120_000)
afterAll(() => it.end())

test('the top-up that follows it is paid when the command ends, and that is said', async () => {
  const { here } = it
  for (let n = 0; n < 4; n++) {
    const { code, stderr } = await here.run(['request', '--timing', 'stream', 'hello'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('do not pay') })
    // Each that was said to be paid is said to be paid, too.
    const [said, paid] = [/^.*pays 1/gm, /^paid 1/gm].map((of) => stderr.match(of)?.length ?? 0)
    expect(paid).toBe(said!)
    const { said: status } = await jsonOf(here.run(['pay', 'status', '--json']))
    expect(status.open).toEqual([])
  }
  const { said: history } = await jsonOf(here.run(['pay', 'history', '--json']))
  expect(history.payments.map((of: { state: string }) => of.state)).toEqual(['settled', 'settled'])
  const { code } = await here.run(['pay', 'resolve'])
  expect(code).toBe(0)
}, 60_000)
