import { expect, test } from 'bun:test'
import { unixMs } from '../../base/clock.ts'
import { pubKey } from '../../protocol/ids.ts'
import { mayHaveJob } from './owing.ts'

const key = pubKey('1'.repeat(64))

test.each([
  ['running', 9_000n, false],
  ['ended', 9_000n, false],
  ['running', 8_000n, true],
  // Its receipt has charged it to the tab: it is not unused any more.
  ['recorded', 9_000n, true],
] as const)(
  'what a job that is %s has credited, %p msat, is unused no more',
  (phase, paid, may) => {
    const tab = { paid: 10_000n, used: 0n }
    const account = { paid: 10_000n, outstanding: 0n, lost: 1_500n, at: unixMs(0) }
    const state = {
      accounts: new Map([[key, account]]),
      till: { tabs: { tabs: new Map([[key, tab]]) } },
      jobs: new Map([['t', { draw: { tab: key }, phase, paid }]]),
    }
    expect(mayHaveJob({ state, now: unixMs(1) } as never, key)).toBe(may)
  },
)
