import { expect, test } from 'bun:test'
import { utf8 } from '../base/bytes.ts'
import { seededRandom } from '../base/random.ts'
import { openKept, sealKept } from './kept-seal.ts'
import { openSecp256k1 } from './secp256k1.ts'
import { newSigner } from './signer.ts'

const random = seededRandom(7)
const secp = await openSecp256k1()
const [own, other] = [newSigner(secp, random), newSigner(secp, random)]
const TEXT = utf8('the diagnosis is secret')

test('what one identity sealed it opens, there and back, whatever its length', () => {
  for (const plaintext of [TEXT, new Uint8Array(), new Uint8Array(100_000).fill(7)])
    expect(openKept(own, 'result 1', sealKept(own, 'result 1', plaintext, random))).toEqual(
      plaintext,
    )
})

test('another identity, another place, and any changed or lost byte open nothing', () => {
  const sealed = sealKept(own, 'result 1', TEXT, random)
  expect(openKept(other, 'result 1', sealed)).toBeUndefined()
  expect(openKept(own, 'result 2', sealed)).toBeUndefined()
  for (let at = 0; at < sealed.length; at++) {
    expect(openKept(own, 'result 1', sealed.with(at, sealed[at]! ^ 1))).toBeUndefined()
    expect(openKept(own, 'result 1', sealed.subarray(0, at))).toBeUndefined()
  }
})

test('the same twice is not the same on the disk, and shows nothing of what it is', () => {
  const [first, second] = [1, 2].map(() => sealKept(own, 'result 1', TEXT, random))
  expect(first).not.toEqual(second!)
  expect(Buffer.from(first!).includes(Buffer.from(TEXT.subarray(0, 4)))).toBe(false)
})
