import { expect, test } from 'bun:test'
import { BOUNDS } from '../base/bounds.ts'
import { unixMs } from '../base/clock.ts'
import { type PubKey, pubKey } from '../protocol/ids.ts'
import {
  type PlaceHolds,
  admitAsk,
  admitHold,
  admitJob,
  isKnown,
  jobEnded,
  jobServed,
  newKeyLimits,
} from './admit.ts'

const KEY = 'a'.repeat(64) as PubKey
const keyOf = (n: number): PubKey => n.toString(16).padStart(64, '0') as PubKey
const T = 1_000_000

test('twenty asks a second, the bucket full at first', () => {
  const limits = newKeyLimits()
  const ask = (ms: number) => admitAsk(limits, KEY, unixMs(T + ms), BOUNDS)
  for (let i = 0; i < 20; i++) expect(ask(0)).toBeNull()
  expect(ask(0)).toBe('more than 20 asks a second')
  expect(ask(49)).not.toBeNull()
  expect(ask(50)).toBeNull()
  expect(ask(50)).not.toBeNull()
  // An hour away fills one second's worth, not an hour's.
  for (let i = 0; i < 20; i++) expect(ask(3_600_000)).toBeNull()
  expect(ask(3_600_000)).not.toBeNull()
  // A clock set back gives nothing.
  expect(ask(0)).not.toBeNull()
})

test('four open jobs, until twenty were served', () => {
  const limits = newKeyLimits()
  for (let i = 0; i < 4; i++) expect(admitJob(limits, KEY, BOUNDS)).toBeNull()
  expect(admitJob(limits, KEY, BOUNDS)).toBe('more than 4 open jobs')
  jobEnded(limits, KEY)
  expect(admitJob(limits, KEY, BOUNDS)).toBeNull()
  for (let i = 0; i < 19; i++) jobServed(limits, KEY)
  expect(isKnown(limits, KEY)).toBe(false)
  jobServed(limits, KEY)
  expect(isKnown(limits, KEY)).toBe(true)
  for (let i = 4; i < BOUNDS.jobsPerLink; i++) expect(admitJob(limits, KEY, BOUNDS)).toBeNull()
  expect(admitJob(limits, KEY, BOUNDS)).toBe('more than 64 open jobs')
})

test('two holds at a time; they lapse, and a job takes its own', () => {
  const limits = newKeyLimits()
  const hold = (ms: number) =>
    admitHold(limits, { key: KEY, place: null, places: new Map() }, unixMs(T + ms), BOUNDS)
  expect([hold(0), hold(1), hold(2)]).toEqual([true, true, false])
  expect(hold(BOUNDS.holdMs)).toBe(true)
  expect(hold(BOUNDS.holdMs)).toBe(false)
  expect(admitJob(limits, KEY, BOUNDS)).toBeNull()
  expect(hold(BOUNDS.holdMs)).toBe(true)
})

test('ending more jobs than were open opens no room', () => {
  const limits = newKeyLimits()
  jobEnded(limits, KEY)
  for (let i = 0; i < 4; i++) expect(admitJob(limits, KEY, BOUNDS)).toBeNull()
  for (let i = 0; i < 9; i++) jobEnded(limits, KEY)
  for (let i = 0; i < 4; i++) expect(admitJob(limits, KEY, BOUNDS)).toBeNull()
  expect(admitJob(limits, KEY, BOUNDS)).not.toBeNull()
})

test('a crowd of new keys neither fills the memory nor pushes out who is known or busy', () => {
  const limits = newKeyLimits()
  const [known, busy] = [keyOf(1), keyOf(2)]
  admitAsk(limits, known, unixMs(T), BOUNDS)
  for (let i = 0; i < 20; i++) jobServed(limits, known)
  admitJob(limits, busy, BOUNDS)
  for (let i = 3; i < 50_500; i++) admitAsk(limits, keyOf(i), unixMs(T), BOUNDS)
  expect(limits.size).toBe(50_000)
  expect(isKnown(limits, known)).toBe(true)
  expect(limits.get(busy)!.openJobs).toBe(1)
})

test('all strangers of one address hold two tickets together; a known key, and another address, are not counted', () => {
  const limits = newKeyLimits()
  const places: PlaceHolds = new Map()
  const hold = (n: number, place: string, ms = 0) => {
    const key = pubKey(n.toString(16).padStart(64, '0'))
    return admitHold(limits, { key, place, places }, unixMs(T + ms), BOUNDS)
  }
  expect([1, 2, 3, 4].map((n) => hold(n, '10.0.0.1'))).toEqual([true, true, false, false])
  expect(hold(5, '10.0.0.2')).toBe(true)
  const known = pubKey('f'.repeat(64))
  admitHold(limits, { key: known, place: '10.0.0.1', places }, unixMs(T), BOUNDS)
  for (let n = 0; n < 20; n++) jobServed(limits, known)
  expect(admitHold(limits, { key: known, place: '10.0.0.1', places }, unixMs(T), BOUNDS)).toBe(true)
  // They lapse, and leave nothing behind.
  expect(hold(6, '10.0.0.1', BOUNDS.holdMs)).toBe(true)
  expect([...places.keys()]).toEqual(['10.0.0.1'])
})
