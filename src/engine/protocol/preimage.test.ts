import { expect, test } from 'bun:test'
import { preimage } from './ids.ts'
import { hashOfPreimage, isPreimage } from './preimage.ts'

const secret = preimage('ab'.repeat(32))

test('a preimage is that of its hash alone, in lower-case hex', () => {
  const hash = hashOfPreimage(secret)
  expect(String(hash)).toBe(
    new Bun.CryptoHasher('sha256').update(Buffer.from(secret, 'hex')).digest('hex'),
  )
  expect(isPreimage(secret, hash)).toBe(true)
  const others = ['', '00'.repeat(32), 'ab'.repeat(31), `${secret}ab`, secret.toUpperCase(), hash]
  for (const other of others) expect(isPreimage(other, hash)).toBe(false)
  expect(isPreimage(secret, hash.toUpperCase())).toBe(false)
})
