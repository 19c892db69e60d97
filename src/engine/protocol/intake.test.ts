import { describe, expect, test } from 'bun:test'
import { finalizeEvent } from 'nostr-tools/pure'
import {
  NODE,
  CLIENT,
  NOW,
  NOW_SEC,
  ROUTER,
  SAMPLES,
  STRANGER,
} from '../../../test/vectors/samples.ts'
import { altered, sample } from '../../../test/vectors/samples.ts'
import { signed, verifier } from '../../../test/vectors/parties.ts'
import { type UnixSec, unixMs } from '../base/clock.ts'
import { readEvent } from './envelope.ts'
import { type Signed, eventText } from './event.ts'
import { type IntakeRules, admit, carried, document } from './intake.ts'
import { KINDS, type KindName } from './kinds.ts'
import { type Refusal, isRefusal } from './refusal.ts'
import { ReplayCache } from './replay.ts'

const rules = (change: Partial<IntakeRules> = {}): IntakeRules => ({
  verifier,
  net: 'sim',
  isMe: (key) => [NODE.pubkey, ROUTER.pubkey, CLIENT.pubkey].includes(key),
  startedAt: unixMs(NOW - 3_600_000),
  replay: new ReplayCache(),
  ...change,
})
const codeOf = (it: object): string => (isRefusal(it) ? it.refused : 'ok')
const messageOf = <T extends object>(it: T | Refusal): T => {
  if (isRefusal(it)) throw new Error(`${it.refused}: ${it.detail}`)
  return it as T
}
// Said sealed alone, under the number of `sync`.
const names = (Object.keys(KINDS) as KindName[]).filter((name) => name !== 'tab_sync')
const withTags = (name: KindName, drop: string, ...more: string[][]): Signed =>
  altered(name, { tags: [...SAMPLES[name].draft.tags.filter((tag) => tag[0] !== drop), ...more] })
const at = (name: KindName, seconds: number): string =>
  eventText(altered(name, { created_at: (NOW_SEC + seconds) as UnixSec }))

// One case for each rule and code is in test/vectors/events/hostile.jsonl; here is what a list
// of events cannot say.
describe('admit', () => {
  test('the edges of freshness', () => {
    const verdict = (text: string) => codeOf(admit(text, rules(), unixMs(NOW_SEC * 1000)))
    expect(verdict(at('cancel', -60))).toBe('ok')
    expect(verdict(at('cancel', -61))).toBe('event.stale')
    expect(verdict(at('cancel', 60))).toBe('ok')
    expect(verdict(at('cancel', 61))).toBe('event.from_future')
    expect(verdict(at('manifest', -86_400))).toBe('ok')
    expect(verdict(at('manifest', 60))).toBe('ok')
    expect(verdict(at('receipt', -86_400 * 365))).toBe('ok')
    expect(verdict(at('acknowledgement', 86_400))).toBe('ok')
  })

  test('clock trouble carries our time, and the event that says the other’s', () => {
    const stale = admit(at('cancel', -90), rules(), NOW)
    expect(stale).toMatchObject({ refused: 'event.stale', clocks: { now: NOW } })
    expect(admit(at('cancel', 90), rules(), NOW)).toMatchObject({
      clocks: { now: NOW, event: { created_at: NOW_SEC + 90 } },
    })
  })

  test('what was made in the second of our start is let in, what came before is not', () => {
    const reader = () => rules({ startedAt: unixMs((NOW_SEC - 5) * 1000 + 999) })
    expect(codeOf(admit(at('cancel', -5), reader(), NOW))).toBe('ok')
    expect(codeOf(admit(at('cancel', -6), reader(), NOW))).toBe('event.before_start')
    expect(codeOf(admit(at('sheet', -6), reader(), NOW))).toBe('ok')
  })

  test('expiration is the first second that is too late', () => {
    const text = eventText(withTags('cancel', 'expiration', ['expiration', String(NOW_SEC + 1)]))
    expect(codeOf(admit(text, rules(), unixMs((NOW_SEC + 1) * 1000 - 1)))).toBe('ok')
    expect(codeOf(admit(text, rules(), unixMs((NOW_SEC + 1) * 1000)))).toBe('event.expired')
  })

  test('a forger cannot burn an id: only what was verified is remembered', () => {
    const reader = rules()
    const event = sample('cancel')
    const forged = JSON.stringify({ ...event, sig: '0'.repeat(128) })
    expect(codeOf(admit(forged, reader, NOW))).toBe('event.bad_signature')
    expect(codeOf(admit(at('cancel', -90), reader, NOW))).toBe('event.stale')
    expect(reader.replay.size).toBe(0)
    expect(codeOf(admit(eventText(event), reader, NOW))).toBe('ok')
    expect(codeOf(admit(eventText(event), reader, NOW))).toBe('event.replayed')
  })

  test('a known id is dropped without a verification, and without its content being read', () => {
    let verified = 0
    const verify: typeof verifier.verify = (...args) => (verified++, verifier.verify(...args))
    const reader = rules({ verifier: { verify } })
    const text = eventText(altered('cancel', { content: '{}' }))
    expect(codeOf(admit(text, reader, NOW))).toBe('event.bad_content')
    expect(codeOf(admit(text, reader, NOW))).toBe('event.replayed')
    expect(verified).toBe(1)
  })

  test('a full replay cache admits nothing', () => {
    const reader = rules({ replay: new ReplayCache(120_000, 1) })
    expect(codeOf(admit(eventText(sample('cancel')), reader, NOW))).toBe('ok')
    expect(codeOf(admit(eventText(sample('ask')), reader, NOW))).toBe('event.overloaded')
    expect(codeOf(admit(eventText(sample('cancel')), reader, NOW))).toBe('event.replayed')
  })

  test('receipts and acknowledgements may name client and router, all others one key', () => {
    for (const name of names) {
      const p = ['p', ROUTER.pubkey]
      const event = withTags(name, 'p', ['p', STRANGER.pubkey], p)
      const open = ['manifest', 'sheet', 'status', 'receipt', 'acknowledgement'].includes(name)
      expect([name, codeOf(admit(eventText(event), rules(), NOW))]).toEqual([
        name,
        open ? 'ok' : 'event.not_for_us',
      ])
    }
  })

  test('isMe decides alone', () => {
    const text = eventText(sample('cancel'))
    expect(codeOf(admit(text, rules({ isMe: (key) => key === NODE.pubkey }), NOW))).toBe('ok')
    expect(codeOf(admit(text, rules({ isMe: () => false }), NOW))).toBe('event.not_for_us')
  })

  test('what no signature covers is not passed on', () => {
    const event = sample('cancel')
    const text = JSON.stringify({ ...event, seen_on: 'ws://127.0.0.1' })
    const message = messageOf(admit(text, rules(), NOW))
    expect(message.text).toBe(eventText(event))
    expect(Object.keys(message.event).toSorted()).toEqual(Object.keys(event).toSorted())
  })

  test('a text that is only spaced differently is passed on as it came', () => {
    const text = JSON.stringify(sample('cancel'), null, 1)
    expect(messageOf(admit(text, rules(), NOW)).text).toBe(text)
  })

  test("nostr-tools' mark of verification is worth nothing", () => {
    const honest = finalizeEvent({ ...draftOfCancel(), tags: [...tagsOfCancel()] }, CLIENT.secret)
    const spread = { ...honest, content: '{}' }
    expect(codeOf(carried(spread, 'cancel', sample('ask'), rules()))).toBe('event.wrong_id')
  })

  test('the limit of bytes is the link’s', () => {
    const text = eventText(sample('cancel'))
    expect(codeOf(admit(text, rules({ maxBytes: text.length }), NOW))).toBe('ok')
    expect(codeOf(admit(text, rules({ maxBytes: text.length - 1 }), NOW))).toBe('event.too_large')
  })

  test('what a refusal says of content names a place, and quotes nothing', () => {
    const text = eventText(altered('cancel', { content: '{"job":"a secret"}' }))
    const refusal = admit(text, rules(), NOW)
    expect(refusal).toMatchObject({ detail: 'cancel: job (invalid_format)' })
  })

  test('a message is frozen', () => {
    const message = messageOf(admit(eventText(sample('cancel')), rules(), NOW))
    expect(Object.isFrozen(message) && Object.isFrozen(message.event)).toBe(true)
  })
})

const draftOfCancel = () => {
  const { kind, created_at, content } = SAMPLES.cancel.draft
  return { kind, created_at, content }
}
const tagsOfCancel = (): string[][] => SAMPLES.cancel.draft.tags.map((tag) => [...tag])

describe('carried', () => {
  const offers = sample('offers')
  const register = sample('register')

  test('a ticket in offers, a manifest and a sheet in register', () => {
    const ticket = messageOf(carried({ ...sample('ticket') }, 'ticket', offers, rules()))
    expect(ticket.body.slot).toBe(0)
    expect(ticket.text).toBe(eventText(sample('ticket')))
    expect(codeOf(carried(sample('manifest'), 'manifest', register, rules()))).toBe('ok')
    expect(codeOf(carried(sample('sheet'), 'sheet', register, rules()))).toBe('ok')
  })

  test('nobody resells a ticket, or registers with the papers of another', () => {
    const elsewhere = withTags('ticket', 'p', ['p', STRANGER.pubkey])
    expect(codeOf(carried(elsewhere, 'ticket', offers, rules()))).toBe('event.not_for_us')
    const two = withTags('ticket', 'x', ['p', STRANGER.pubkey])
    expect(codeOf(carried(two, 'ticket', offers, rules()))).toBe('event.not_for_us')
    const foreign = altered('sheet', {}, STRANGER)
    expect(codeOf(carried(foreign, 'sheet', register, rules()))).toBe('event.not_for_us')
    const manifest = altered('manifest', {}, STRANGER)
    expect(codeOf(carried(manifest, 'manifest', register, rules()))).toBe('event.not_for_us')
  })

  test('its expiration is held against the carrier, whatever our clock says', () => {
    const expiring = (seconds: number) =>
      withTags('ticket', 'expiration', ['expiration', String(NOW_SEC + seconds)])
    expect(codeOf(carried(expiring(1), 'ticket', offers, rules()))).toBe('ok')
    expect(codeOf(carried(expiring(0), 'ticket', offers, rules()))).toBe('event.expired')
  })

  test('rules 1, 2 and 6, kind, net and version hold', () => {
    const verdict = (raw: unknown) => codeOf(carried(raw, 'ticket', offers, rules()))
    const ticket = sample('ticket')
    expect(verdict(null)).toBe('event.bad_shape')
    expect(verdict({ ...ticket, tags: 'net' })).toBe('event.bad_shape')
    expect(verdict({ ...ticket, id: ticket.id.toUpperCase() })).toBe('event.bad_hex')
    expect(verdict({ ...ticket, content: '{}' })).toBe('event.wrong_id')
    expect(verdict({ ...ticket, sig: sample('sheet').sig })).toBe('event.bad_signature')
    expect(verdict(sample('sheet'))).toBe('event.unknown_kind')
    expect(verdict(withTags('ticket', 'net', ['net', 'mainnet']))).toBe('event.wrong_net')
    expect(verdict(withTags('ticket', 'v', ['v', '2']))).toBe('event.unknown_version')
    expect(verdict(altered('ticket', { content: '{}' }))).toBe('event.bad_content')
  })
})

describe('document', () => {
  const read = (event: Signed) => codeOf(document(eventText(event), { verifier }))

  test('needs neither clock nor addressee, and takes any net', () => {
    for (const name of names) expect([name, read(sample(name))]).toEqual([name, 'ok'])
    expect(read(withTags('receipt', 'net', ['net', 'mainnet']))).toBe('ok')
    expect(read(withTags('ticket', 'expiration', ['expiration', '1']))).toBe('ok')
    expect(read(withTags('receipt', 'p', ['p', STRANGER.pubkey]))).toBe('ok')
  })

  test('needs one known net, version, kind, schema, signature', () => {
    expect(read(withTags('receipt', 'net', ['net', 'moon']))).toBe('event.wrong_net')
    expect(read(withTags('receipt', 'x', ['net', 'mainnet']))).toBe('event.wrong_net')
    expect(read(withTags('receipt', 'v'))).toBe('event.unknown_version')
    expect(read(altered('receipt', { kind: 1 }))).toBe('event.unknown_kind')
    expect(read(altered('receipt', { content: '[]' }))).toBe('event.bad_content')
    expect(read({ ...sample('receipt'), sig: sample('sheet').sig })).toBe('event.bad_signature')
  })
})

test('readEvent checks an event of any kind: bytes, id, signature', () => {
  const auth = signed(CLIENT, { ...SAMPLES.cancel.draft, kind: 22242, content: '' })
  expect(messageOf(readEvent(eventText(auth), { verifier })).event).toEqual(auth)
  const verdict = (event: Signed) => codeOf(readEvent(eventText(event), { verifier }))
  expect(verdict({ ...auth, kind: 22243 })).toBe('event.wrong_id')
  expect(verdict({ ...auth, sig: sample('ask').sig })).toBe('event.bad_signature')
})
