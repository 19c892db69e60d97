// A payment that an earlier process wrote, and perhaps never sent, wanted again: whether it is sent now.
import { expect, test } from 'bun:test'
import { type UnixMs, unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { SpendingCaps } from './caps.ts'
import { FREE, NOTHING, WALLET, fresh, hex, noon, said, want } from './journal.case.ts'
import { type Journal, decide, openJournal } from './journal.ts'

const absent = (journal: Journal) =>
  decide(journal, { type: 'absent', hash: hex(1), maySend: true }, noon)
const began = (at: UnixMs) => want(fresh(), 1, {}, at).changes[0]!.row
/** Whether it is sent again under these caps; paid, routed and unused it comes to 105 sat, 100 of them there. */
const isSent = (caps: Partial<SpendingCaps>, at = noon, left = 0n): boolean => {
  const journal = openJournal([began(at)], [], noon, WALLET)
  want(journal, 1, { caps: { ...FREE, ...caps }, left })
  return said(absent(journal))[0] === 'pay 1'
}

test('it counts once: what it costs is allowed exactly, and not an msat less', () => {
  expect([105_000n, 104_999n].map((sum) => isSent({ budget: msat(sum) }))).toEqual([true, false])
  expect([100_000n, 99_999n].map((sum) => isSent({ exposure: msat(sum) }))).toEqual([true, false])
  expect([100_000n, 99_999n].map((sum) => isSent({ exposure: msat(sum) }, noon, 1n))).toEqual([
    false,
    false,
  ])
})

test('one of yesterday is not taken off today', () => {
  const yesterday = unixMs(noon - 43_200_001)
  const sums = [105_000n, 104_999n]
  expect(sums.map((sum) => isSent({ budget: msat(sum) }, yesterday))).toEqual([true, false])
})

test('it is still wanted when all is read anew; another invoice of its hash is not it', () => {
  const journal = openJournal([began(noon)], [], noon, WALLET)
  want(journal, 1, { seq: 2 })
  const read = () => openJournal([began(noon)], [], noon, WALLET, journal.unsure)
  expect(absent(read())).toEqual(NOTHING)
  want(journal, 1)
  expect(said(absent(read()))).toEqual(['pay 1'])
})
