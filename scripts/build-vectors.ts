import { join } from 'node:path'
import { type Signed, canonical, eventText } from '../src/engine/protocol/event.ts'
import type { KindName } from '../src/engine/protocol/kinds.ts'
import { toHex } from '../src/engine/base/bytes.ts'
import { hostile } from '../test/vectors/hostile/index.ts'
import {
  CLIENT,
  NODE,
  NOW,
  ROUTER,
  SAMPLES,
  TAB,
  altered,
  sample,
} from '../test/vectors/samples.ts'

/** Writes test/vectors/events/: what a second implementation needs to test itself. */
const folder = join(import.meta.dir, '../test/vectors/events/')

const context = {
  about: 'The reader of all vectors here, where a line says nothing else. Times in ms since 1970.',
  net: 'sim',
  now: NOW,
  started_at: NOW - 3_600_000,
  me: [NODE.pubkey, ROUTER.pubkey, CLIENT.pubkey, TAB.pubkey],
  parties: Object.fromEntries(
    Object.entries({ node: NODE, router: ROUTER, client: CLIENT, tab: TAB }).map(([name, it]) => [
      name,
      { secret: toHex(it.secret), pubkey: it.pubkey },
    ]),
  ),
}

/** One of each kind. `aux` of every signature is 32 zero bytes. */
const valid = Object.entries(SAMPLES)
  // Its number is that of `sync`, and what it says is only ever sealed.
  .filter(([name]) => name !== 'tab_sync')
  .map(([name, { by, draft }]) => {
    const event = sample(name as KindName)
    return {
      name,
      secret: toHex(by.secret),
      pubkey: by.pubkey,
      draft,
      canonical: canonical(by.pubkey, draft),
      id: event.id,
      sig: event.sig,
      text: eventText(event),
    }
  })

const row = (note: string, it: Signed, written: string) => ({ note, id: it.id, text: written })

const escaped = (it: string) =>
  it.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Valid events as others may write them: all must be admitted, under the id that is given. */
const foreign = (): { note: string; id: string; text: string }[] => {
  const event = sample('cancel')
  const text = eventText(event)
  const { id, pubkey, created_at, kind, tags, content, sig } = event
  const spoken = altered('revoke', {
    content: SAMPLES.revoke.draft.content.replace('}', ',"x":"é\\n\\t/😀\u007f\u2028\ufeff"}'),
  })
  return [
    row('blanks between tokens', event, JSON.stringify(event, null, 2)),
    row('blanks around it', event, ` \r\n\t${text}\n`),
    row(
      'keys in another order',
      event,
      JSON.stringify({ sig, content, tags, kind, created_at, pubkey, id }),
    ),
    row('an escaped letter in a key', event, text.replace('"kind"', String.raw`"\u006bind"`)),
    row('an escaped letter in a value', event, text.replace('"sim"', String.raw`"\u0073im"`)),
    row('an unknown field', event, JSON.stringify({ ...event, seen_on: ['ws://127.0.0.1'] })),
    row('a key __proto__', event, text.replace('{', '{"__proto__":{"kind":1},')),
    row('eight levels', event, text.replace('{', `{"x":${'['.repeat(7)}${']'.repeat(7)},`)),
    row(
      'the largest integers',
      event,
      text.replace('{', '{"x":[9007199254740991,-9007199254740991],'),
    ),
    row('letters beyond ASCII', spoken, eventText(spoken)),
    row('letters beyond ASCII, all escaped', spoken, escaped(eventText(spoken))),
    row('slashes escaped', spoken, eventText(spoken).replaceAll('/', String.raw`\/`)),
  ]
}

const lines = (rows: readonly object[]): string =>
  rows.map((it) => `${JSON.stringify(it)}\n`).join('')

await Bun.write(`${folder}context.json`, `${JSON.stringify(context, null, 2)}\n`)
await Bun.write(`${folder}valid.jsonl`, lines(valid))
await Bun.write(`${folder}foreign.jsonl`, lines(foreign()))
await Bun.write(`${folder}hostile.jsonl`, lines(hostile()))
