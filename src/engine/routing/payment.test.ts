import { expect, test } from 'bun:test'
import { TIMINGS } from '../protocol/fields.ts'
import type { Accepted } from '../protocol/progress.ts'
import { PAYMENT_RULES, admitsTiming, isEvidence } from './payment.ts'

test.each([
  ['none', ['before', 'stream', 'after', 'hold', 'free']],
  ['any', ['before', 'stream', 'after', 'hold', 'free']],
  ['before', ['before', 'stream', 'hold']],
  ['after', ['after']],
] as const)('a router that requires payment %s admits these timings', (rule, admitted) => {
  const found = TIMINGS.filter((timing) => admitsTiming(rule, { timing, ceiling: 1n }))
  expect(found.toSorted()).toEqual([...admitted].toSorted())
})

test('what costs nothing is admitted by every rule, and needs no evidence', () => {
  for (const rule of PAYMENT_RULES)
    for (const timing of TIMINGS) {
      expect(admitsTiming(rule, { timing, ceiling: 0n })).toBe(true)
      expect(isEvidence(rule, accepted({ ceiling: 0n, funded: false }))).toBe(true)
    }
})

test('an unfunded acceptance is evidence for a router alone that does not mind', () => {
  const found = PAYMENT_RULES.filter((rule) =>
    isEvidence(rule, accepted({ ceiling: 1n, funded: false })),
  )
  expect(found).toEqual(['none'])
  for (const rule of PAYMENT_RULES)
    expect(isEvidence(rule, accepted({ ceiling: 1n, funded: true }))).toBe(true)
})

const accepted = (it: { ceiling: bigint; funded: boolean }): Accepted => it as Accepted
