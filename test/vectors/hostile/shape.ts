import { type Signed, eventText } from '../../../src/engine/protocol/event.ts'
import { NODE, NOW_SEC } from '../samples.ts'
import { type Hostile, type Row, CREATED, KIND, TEXT, all, base, edit, tagged } from './case.ts'

/** Rule 1, the fields of NIP-01. */
export const shape = (): Hostile[] => {
  const upper = (hex: string): Row => ['upper case', edit(hex, hex.toUpperCase())]
  const odd = (field: 'id' | 'pubkey' | 'sig'): Row[] => [
    upper(base[field]),
    [`${field} one digit short`, edit(base[field], base[field].slice(1))],
    [`${field} one digit long`, edit(base[field], `${base[field]}0`)],
    [`${field} empty`, edit(base[field], '')],
    [`${field} not hex`, edit(base[field], `g${base[field].slice(1)}`)],
    [`${field} with a line feed at the end`, edit(base[field], `${base[field].slice(1)}\\n`)],
  ]
  const without = (field: keyof Signed): Row => {
    return [`without ${field}`, JSON.stringify({ ...base, [field]: undefined })]
  }
  return [
    ...all('event.bad_hex', [
      ...odd('id'),
      ...odd('pubkey'),
      ...odd('sig'),
      ['p in upper case', eventText(tagged('cancel', [['p', NODE.pubkey.toUpperCase()]], 'p'))],
      ['p without a value', eventText(tagged('cancel', [['p']], 'p'))],
      ['p as npub', eventText(tagged('cancel', [['p', 'npub1']], 'p'))],
      ['e too short', eventText(tagged('cancel', [['e', 'ab']]))],
    ]),
    ...all('event.bad_shape', [
      ['a list', `[${TEXT}]`],
      ['null', 'null'],
      ['a number', '7'],
      ['a text', '"event"'],
      ['an empty object', '{}'],
      ...(['id', 'pubkey', 'created_at', 'kind', 'tags', 'content', 'sig'] as const).map(without),
      ['a number as id', edit(`"${base.id}"`, '7')],
      ['null as sig', edit(`"${base.sig}"`, 'null')],
      ['an object as content', JSON.stringify({ ...base, content: {} })],
      ['a negative time', edit(CREATED, '"created_at":-1')],
      ['a text as time', edit(CREATED, `"created_at":"${NOW_SEC}"`)],
      ['a kind over 65535', edit(KIND, '"kind":65536')],
      ['a negative kind', edit(KIND, '"kind":-1')],
      ['a text as kind', edit(KIND, '"kind":"26427"')],
      ['tags as an object', JSON.stringify({ ...base, tags: {} })],
      ['a text among the tags', JSON.stringify({ ...base, tags: ['net'] })],
      ['an empty tag', JSON.stringify({ ...base, tags: [[]] })],
      ['a number in a tag', JSON.stringify({ ...base, tags: [['v', 1]] })],
      ['null in a tag', JSON.stringify({ ...base, tags: [['v', null]] })],
      ['a list in a tag', JSON.stringify({ ...base, tags: [['v', ['1']]] })],
      ['fields only in __proto__', `{"__proto__":${TEXT}}`],
      ...['', 'soon', '-1', '1.5', '1e12', ' 1800000100', '01800000100', '9'.repeat(16)].map(
        (value): Row => [
          `expiration "${value}"`,
          eventText(tagged('cancel', [['expiration', value]])),
        ],
      ),
      [
        'two expirations',
        eventText(
          tagged('cancel', [
            ['expiration', '1800000100'],
            ['expiration', '1900000000'],
          ]),
        ),
      ],
    ]),
  ]
}
