import { expect, test } from 'bun:test'
import { CONNECTION_FORMS } from '../engine/payments/connection.ts'
import { holdsSecret, secretless } from './secretless.ts'

const HEX = '71a8c14c1407c113601079c4302dab36460f0ccd0ad506f1f2dc73b5100e4f3c'

test.each([
  [`there is no file nostr+walletconnect://${HEX}?relay=wss://r&secret=${HEX}`],
  [`there is no command nostr+walletconnect://${HEX.slice(0, 20)}`],
  [`unknown option '--NOSTR+WALLETCONNECT:${HEX}?x'`],
  [`/home/a/nostr+walletconnect:/${HEX}?secret=${HEX}/keys`],
  [`--max-fee lndconnect://h:1?macaroon=${HEX} is not an amount`],
  [`clnrest+https://h:1?rune=${HEX}`],
  [`is "phoenixd+http://:${HEX}@h:9740", which`],
  [`lnbits+http://h?key=${HEX.slice(0, 32)}`],
  [`relay=wss://r&secret=${HEX}`],
  [`nsec1${HEX.replace(/[^a-z]/g, 'q')}`],
])('hides what opens a wallet: %#', (text) => {
  const hidden = secretless(text)
  expect(hidden).toMatch(/\[(connection string|secret key)\]/)
  expect(hidden).not.toContain(HEX.slice(0, 12))
  expect(holdsSecret(['pay', text])).toBe(true)
})

test('leaves the forms of hints, and all other text', () => {
  const plain = [
    ...CONNECTION_FORMS.map((it) => `write one of:\n  ${it}`),
    'a connection string of the form nostr+walletconnect:… lacks a part',
    `there is no file /tmp/${HEX}`,
    '--router npub1…@ws://HOST:PORT',
    'phoenixd answered 500: no key= here',
    'lightning:mira@example.com',
  ]
  for (const text of plain) expect(secretless(text)).toBe(text)
  expect(holdsSecret(plain)).toBe(false)
})

test('takes no long time over a long text', () => {
  const started = performance.now()
  secretless('a'.repeat(200_000))
  expect(performance.now() - started).toBeLessThan(2_000)
})
