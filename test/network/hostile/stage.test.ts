import { expect, test } from 'bun:test'
import { unixMs } from '../../../src/engine/base/clock.ts'
import { Stage } from './stage.ts'

test('a mind that threw at a deadline ends the test with what it threw, and keeps nobody waiting', () => {
  const stage = new Stage()
  const thrown = new RangeError('no such amount')
  const due = () => unixMs(stage.now + 5)
  const decide = (): never => {
    throw thrown
  }
  const party = stage.party('node', { decide, due }, { signer: stage.newSigner() })
  expect(() => stage.advance(1_000)).toThrow(thrown)
  expect(party.broken).toBe(thrown)
})
