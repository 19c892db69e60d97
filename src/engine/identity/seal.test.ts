import { describe, expect, test } from 'bun:test'
import { fromHex, toHex, utf8 } from '../base/bytes.ts'
import { seededRandom } from '../base/random.ts'
import { job as jobSchema } from '../protocol/job.ts'
import { eventId, jobId, pubKey } from '../protocol/ids.ts'
import { seal, setupSender } from './hpke.ts'
import { newTicketKey, openWrap, wrapKey } from './seal.ts'

const random = seededRandom(77)
const ticketKey = newTicketKey(random)
const contentKey = random.bytes(32)
const parties = {
  job: jobId('11'.repeat(32)),
  ticket: eventId('22'.repeat(32)),
  client: pubKey('33'.repeat(32)),
}
const { wrap, secrets } = wrapKey({ ...parties, to: ticketKey.public, contentKey, random })

test('the holder of the ticket opens it and has the same secrets', () => {
  const opened = openWrap({ ...parties, secret: ticketKey.secret, wrap })!
  expect(toHex(opened.contentKey)).toBe(toHex(contentKey))
  expect(opened.secrets).toEqual(secrets)
  const all = Object.values(secrets).map(toHex)
  expect(new Set([...all, toHex(contentKey)]).size).toBe(5)
  // Also from another copy of the secret, as after a restart.
  expect(openWrap({ ...parties, secret: ticketKey.secret.slice(), wrap })).toEqual(opened)
})

test('a draw goes along, and only for whom the key is', () => {
  const draw = `{"id":"${'a'.repeat(2_000)}"}`
  const drawn = wrapKey({ ...parties, to: ticketKey.public, contentKey, draw, random })
  const opened = openWrap({ ...parties, secret: ticketKey.secret, wrap: drawn.wrap })!
  expect(opened).toMatchObject({ draw, contentKey })
  expect(jobSchema.shape.wrap.parse(drawn.wrap)).toEqual(drawn.wrap)
  expect(openWrap({ ...parties, secret: ticketKey.secret, wrap })!.draw).toBeNull()
})

test('it fits the schema of a job', () => {
  expect(jobSchema.shape.wrap.parse(wrap)).toEqual(wrap)
})

test('every wrap is another one', () => {
  const again = wrapKey({ ...parties, to: ticketKey.public, contentKey, random })
  expect(again.wrap.enc).not.toBe(wrap.enc)
  expect(toHex(again.secrets.out)).not.toBe(toHex(secrets.out))
})

describe('it does not open', () => {
  const secret = ticketKey.secret
  test.each([
    ['for another ticket', { ticket: eventId('23'.repeat(32)) }],
    ['for another job', { job: jobId('12'.repeat(32)) }],
    ['for another client', { client: pubKey('34'.repeat(32)) }],
    ['with another secret', { secret: newTicketKey(seededRandom(5)).secret }],
    ['under another enc', { wrap: { ...wrap, enc: newTicketKey(seededRandom(6)).public } }],
    ['under an enc of zeros', { wrap: { ...wrap, enc: '00'.repeat(32) } }],
    ['under an enc that is short', { wrap: { ...wrap, enc: 'ab' } }],
    ['under an enc that is no hex', { wrap: { ...wrap, enc: 'zz'.repeat(32) } }],
    ['with an empty ct', { wrap: { ...wrap, ct: '' } }],
    ['with a ct that is no base64', { wrap: { ...wrap, ct: '!!' } }],
    ['with a ct that is too long', { wrap: { ...wrap, ct: 'A'.repeat(8000) } }],
    ['cut', { wrap: { ...wrap, ct: wrap.ct.slice(0, -4) } }],
  ])('%s', (_, change) => {
    expect(openWrap({ ...parties, secret, wrap, ...change })).toBeUndefined()
  })

  test('with any bit of its ciphertext turned', () => {
    const ct = Uint8Array.fromBase64(wrap.ct)
    for (let at = 0; at < ct.length; at++) {
      const damaged = ct.slice()
      damaged[at]! ^= 1 << (at % 8)
      const changed = { ...wrap, ct: damaged.toBase64() }
      expect(openWrap({ ...parties, secret, wrap: changed })).toBeUndefined()
    }
  })

  const info = new Uint8Array([
    ...utf8('fedai/1'),
    ...fromHex(parties.ticket),
    ...fromHex(parties.job),
    ...fromHex(parties.client),
  ])
  const wrapOf = (inside: string | Uint8Array) => {
    const sender = setupSender(fromHex(ticketKey.public), info, seededRandom(8).bytes(32))!
    const plaintext = typeof inside === 'string' ? utf8(inside) : inside
    const ct = seal(sender.context, 0, new Uint8Array(0), plaintext)
    return { enc: toHex(sender.enc), ct: ct.toBase64() }
  }
  const hex = 'ab'.repeat(32)
  test.each([
    '',
    'null',
    '[]',
    '{}',
    '{"key":1}',
    '{"key":""}',
    `{"key":"${hex}`,
    `{"key":"${hex}a"}`,
    `{"key":"${hex.toUpperCase()}"}`,
    `{"key":["${hex}"]}`,
    `"${hex}"`,
    '{'.repeat(2000),
    Uint8Array.of(0xff, 0xfe),
  ])('when what is inside is no key', (inside) => {
    expect(openWrap({ ...parties, secret, wrap: wrapOf(inside) })).toBeUndefined()
  })

  test('but fields of later versions are no hindrance', () => {
    const later = wrapOf(JSON.stringify({ key: hex, later: { n: 1 } }))
    expect(toHex(openWrap({ ...parties, secret, wrap: later })!.contentKey)).toBe(hex)
  })
})

test('nothing is sealed to a key of low order', () => {
  for (const to of ['00'.repeat(32), `01${'00'.repeat(31)}`])
    expect(() => wrapKey({ ...parties, to, contentKey, random })).toThrow('not usable')
  expect(() =>
    wrapKey({ ...parties, to: ticketKey.public, contentKey: new Uint8Array(31), random }),
  ).toThrow(RangeError)
})
