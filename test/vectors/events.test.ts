import { describe, expect, test } from 'bun:test'
import { verifyEvent } from 'nostr-tools/pure'
import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import { unixMs } from '../../src/engine/base/clock.ts'
import { type Draft, type Net, canonical } from '../../src/engine/protocol/event.ts'
import { type IntakeRules, admit } from '../../src/engine/protocol/intake.ts'
import { decodeText } from '../../src/engine/protocol/json.ts'
import { pubKey } from '../../src/engine/protocol/ids.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { REFUSAL_CODES, isRefusal } from '../../src/engine/protocol/refusal.ts'
import { ReplayCache } from '../../src/engine/protocol/replay.ts'
import context from './events/context.json'
import type { Hostile } from './hostile/index.ts'
import { signed, verifier } from './parties.ts'

// The files of events/, as a second implementation would use them: nothing is made here.
const linesOf = async <Row>(name: string): Promise<Row[]> =>
  (await Bun.file(new URL(`./events/${name}`, import.meta.url)).text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)

type Valid = {
  name: string
  secret: string
  pubkey: string
  draft: Draft
  canonical: string
  id: string
  sig: string
  text: string
}

const valid = await linesOf<Valid>('valid.jsonl')
const hostile = await linesOf<Hostile>('hostile.jsonl')
const foreign = await linesOf<{ note: string; id: string; text: string }>('foreign.jsonl')

const rules = (startedAt: number = context.started_at): IntakeRules => ({
  verifier,
  net: context.net as Net,
  isMe: (key) => context.me.includes(key),
  startedAt: unixMs(startedAt),
  replay: new ReplayCache(),
})
const now = unixMs(context.now)

const textOf = (row: Hostile): ReturnType<typeof decodeText> => {
  if ('base64' in row) return decodeText(Buffer.from(row.base64, 'base64'))
  if ('text' in row) return { text: row.text }
  return { text: row.before + row.unit.repeat(row.times) + row.after }
}

describe('valid events', () => {
  test('there is one of each kind', () => {
    expect(valid.map(({ name }) => name).toSorted()).toEqual(
      Object.keys(KINDS)
        .filter((name) => name !== 'tab_sync')
        .toSorted(),
    )
  })

  test.each(valid.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const { draft } = row
    const by = { secret: Uint8Array.fromHex(row.secret), pubkey: pubKey(row.pubkey) }
    expect(canonical(by.pubkey, draft)).toBe(row.canonical)
    expect(toHex(sha256(row.canonical))).toBe(row.id)
    expect(String(signed(by, draft).sig)).toBe(row.sig)
    const event = JSON.parse(row.text) as Parameters<typeof verifyEvent>[0]
    expect(verifyEvent(event)).toBe(true)
    const message = admit(row.text, rules(), now)
    if (isRefusal(message)) throw new Error(message.detail)
    expect(String(message.name)).toBe(row.name)
    expect(String(message.event.id)).toBe(row.id)
    expect(message.text).toBe(row.text)
  })
})

test.each(foreign)('admitted as others write it: $note', ({ id, text }) => {
  const message = admit(text, rules(), now)
  if (isRefusal(message)) throw new Error(message.detail)
  expect(String(message.event.id)).toBe(id)
})

describe('hostile events', () => {
  test('every code has a case, and there are many', () => {
    const codes = new Set<string>(hostile.map(({ code }) => code))
    // A full replay cache cannot be written down as one event: intake.test.ts fills one.
    const missing = REFUSAL_CODES.filter((code) => !codes.has(code))
    expect(missing).toEqual(['event.overloaded'])
    expect(hostile.length).toBeGreaterThanOrEqual(900)
  })

  test.each(hostile.map((row) => [row.code, row.note, row] as const))('%s: %s', (code, _, row) => {
    const reader = rules(row.started_at)
    if (row.first !== undefined) expect(isRefusal(admit(row.first, reader, now))).toBe(false)
    const text = textOf(row)
    const verdict = isRefusal(text) ? text : admit(text.text, reader, unixMs(row.now ?? now))
    expect(isRefusal(verdict) && verdict.refused).toBe(code)
  })
})
