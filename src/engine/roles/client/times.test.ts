// The clock of a client is set while it pays: what it waits for is given up after as long as before.
import { expect, test } from 'bun:test'
import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import { pubKey } from '../../protocol/ids.ts'
import { FREE } from '../../spending/journal.case.ts'
import { newClientMoney, newFunding } from './money.ts'
import { shiftTimes } from './times.ts'

const NODE = pubKey('01'.repeat(32))
const now = unixMs(1_800_000_000_000)
const never = (): never => {
  throw new Error('not asked for')
}

test('a node that is asked, room that is waited for, a top-up that is awaited', () => {
  const money = newClientMoney({ tab: never, view: never, caps: FREE, secp: null as never })
  const wanted = { node: NODE, ref: 'tab', timing: 'before', jobs: new Set<never>() } as const
  const one = newFunding({ ...wanted, topUp: null, needed: msat(1n) }, now, 0)
  const fault = new Fault('refused', 'exposure.exceeded', 'x')
  one.full = { since: unixMs(now + 5), drawn: 0n, fault }
  money.funding.set('place', one)
  money.low.set(NODE, unixMs(now + 9))
  money.due.set(NODE, { message: null as never, until: unixMs(now + 7) })
  money.telling.set('tag' as never, { askAt: unixMs(now + 3) } as never)
  shiftTimes({ jobs: new Map(), money }, -86_400_000)
  const [due, telling] = [money.due.get(NODE)!, money.telling.get('tag' as never)!]
  const times = [one.since, one.full.since, money.low.get(NODE)!, due.until, telling.askAt]
  expect(times.map((at) => at - now + 86_400_000)).toEqual([0, 5, 9, 7, 3])
})
