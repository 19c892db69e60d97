import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { signed, verifier } from '../../../test/vectors/parties.ts'
import { NOW, SAMPLES, sample } from '../../../test/vectors/samples.ts'
import { unixMs } from '../base/clock.ts'
import { eventText } from './event.ts'
import { type IntakeRules, admit } from './intake.ts'
import { KINDS, type KindName } from './kinds.ts'
import { type Refusal, isRefusal } from './refusal.ts'
import { ReplayCache } from './replay.ts'

const rules = (): IntakeRules => ({
  verifier,
  net: 'sim',
  isMe: () => true,
  startedAt: unixMs(NOW - 3_600_000),
  replay: new ReplayCache(),
})
const messageOf = <T extends object>(it: T | Refusal): T => {
  if (isRefusal(it)) throw new Error(`${it.refused}: ${it.detail}`)
  return it as T
}
// Said sealed alone, under the number of `sync`.
const names = (Object.keys(KINDS) as KindName[]).filter((name) => name !== 'tab_sync')

describe('whatever is said', () => {
  // Texts that the codec admits: no lone surrogates, no control characters but five.
  const text = fc
    .string({ unit: 'binary', maxLength: 20 })
    // eslint-disable-next-line no-control-regex
    .map((it) => it.replace(/[\u0000-\u0007\u000b\u000e-\u001f]/g, '\n'))
  const place = fc.record({ extra: fc.dictionary(text, text, { maxKeys: 3 }), tag: fc.array(text) })

  test('it arrives as it was signed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), place, (name, { extra, tag }) => {
        const { draft, by } = SAMPLES[name]
        const content = JSON.stringify({ ...extra, ...(JSON.parse(draft.content) as object) })
        const event = signed(by, { ...draft, content, tags: [...draft.tags, ['x', ...tag]] })
        const message = messageOf(admit(eventText(event), rules(), NOW))
        expect(message.event).toEqual(event)
        expect(message.name).toBe(name)
        expect(message.text).toBe(eventText(event))
        expect(message.body).toEqual(messageOf(admit(eventText(sample(name)), rules(), NOW)).body)
      }),
      { numRuns: 100, seed: 1 },
    )
  })

  test('one byte changed: refused, or the same event', () => {
    const event = sample('offers')
    const bytes = Buffer.from(eventText(event))
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }), (index, byte) => {
        const changed = Buffer.from(bytes)
        changed[index] = byte
        const verdict = admit(changed.toString('latin1'), rules(), NOW)
        if (!isRefusal(verdict)) expect(verdict.event).toEqual(event)
        else expect(changed.equals(bytes)).toBe(false)
      }),
      { numRuns: 2_000, seed: 2 },
    )
  })
})
