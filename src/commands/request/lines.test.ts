import { expect, test } from 'bun:test'
import { msat } from '../../engine/base/money.ts'
import { Fault } from '../../engine/base/fault.ts'
import type { PaymentHash, PubKey } from '../../engine/protocol/ids.ts'
import { MOVES } from '../../engine/protocol/progress.ts'
import type { Waiting } from '../../engine/roles/client/news.ts'
import { namer } from '../trust/set.ts'
import { eventLine, skippedLine } from './lines.ts'

const keyOf = (n: number): PubKey => n.toString(16).padStart(64, '0') as PubKey
const show = namer([{ key: keyOf(1), name: 'mira', own: false }])
const paint = {
  dim: (text: string) => text,
  green: (text: string) => text,
  yellow: (text: string) => `yellow ${text}`,
  red: (text: string) => `red ${text}`,
}

test('a move says who, why and to whom', () => {
  const moved = { type: 'moved', from: keyOf(1), to: keyOf(2), reason: 'silent' } as const
  expect(eventLine(moved, show)).toMatch(
    /^mira \(npub1.*\) did not answer; the job went on to npub1\w\w…\w{3}$/,
  )
  expect(eventLine({ ...moved, to: null }, show)).toMatch(/did not answer$/)
  // A reason of a later version is shown as it is.
  expect(eventLine({ ...moved, reason: 'tired' }, show)).toContain('gave the job up (tired)')
})

test.each([
  ['tab', 'pays 10 sat into a tab at mira'],
  ['job', 'pays 10 sat to mira'],
  ['hold', 'locks 10 sat at mira'],
  ['after', 'pays 10 sat to mira'],
  ['route', 'pays 10 sat to the router mira'],
] as const)('what is paid is said before it is (%s)', (what, begins) => {
  const line = eventLine(
    {
      type: 'paying',
      hash: keyOf(2) as string as PaymentHash,
      node: keyOf(1),
      msat: msat(10_000n),
      maxFee: msat(5_100n),
      for: what,
    },
    show,
  )
  expect(line).toStartWith(begins)
  expect(line).toEndWith(', and at most 5.1 sat for routing')
})

test('a statement that does not hold is told with its numbers, and what follows from a lie', () => {
  const detail = 'statement 3 does not follow from 2'
  const line = (lie: boolean) =>
    eventLine({ type: 'statement', node: keyOf(1), check: 'statement.chain', detail, lie }, show)
  expect(line(true)).toMatch(
    /^mira \(npub1.*\) lied about your tab: statement 3 .* from 2; it gets nothing more$/,
  )
  expect(line(false)).toMatch(/^mira .* counts your tab otherwise than you: statement 3 .* from 2$/)
})

test('no reason of this version is left to be shown as a word of the protocol', () => {
  const raw = MOVES.filter((reason) =>
    eventLine({ type: 'moved', from: null, to: null, reason }, show).includes(`(${reason})`),
  )
  expect(raw).toEqual([])
})

test('a router that is passed over: bad luck is yellow, a false key red', () => {
  const router = { key: keyOf(1), address: 'wss://r.example' }
  const line = (kind: 'unavailable' | 'verification') =>
    skippedLine({ router, fault: new Fault(kind, 'x', 'why not') }, show, paint)
  expect(line('unavailable')).toMatch(
    /^yellow passed over mira \(npub1.*\) at wss:\/\/r.example: why not$/,
  )
  expect(line('verification')).toMatch(/^red passed over/)
})

test('two clocks that do not agree are told by how much, and whose is behind', () => {
  const line = (aheadMs: number) => eventLine({ type: 'clock', aheadMs }, show)
  expect(line(20_000)).toBe('your clock is 20 s behind the router’s; a minute is too much')
  expect(line(-7_000)).toBe('your clock is 7 s ahead of the router’s; a minute is too much')
})

test('a job that waits says for what, and until when', () => {
  const untilMs = new Date(2026, 0, 2, 14, 3, 7).getTime()
  const line = (why: Waiting) => eventLine({ type: 'waiting', why, untilMs }, show)
  expect(line('used')).toBe('every ticket was taken by others: asking again until 14:03:07')
  expect(line('busy')).toBe('every node that could do it is busy: asking again until 14:03:07')
  expect(line('limited')).toStartWith('the router takes no more jobs of this key at once: ')
})

test('a lost link is told from one that is back', () => {
  expect(eventLine({ type: 'link', state: 'lost' }, show)).toMatch(/lost; looking/)
  expect(eventLine({ type: 'link', state: 'back' }, show)).toMatch(/back, and the job goes on/)
  expect(eventLine({ type: 'again', reason: 'lost' }, show)).toMatch(/asked for anew/)
})

test('a result that is here and locked is said, with whom and how long it is waited for', () => {
  const untilMs = new Date(2026, 10, 27, 14, 3, 7).getTime()
  const locked = { type: 'locked', node: keyOf(1), msat: msat(5_000n), untilMs } as const
  expect(eventLine(locked, show)).toMatch(
    /^the result is here, locked; mira \(npub1.*\) has not taken the 5 sat yet: waiting until 14:03:07$/,
  )
})
