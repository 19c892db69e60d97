// LDK's reader beside ours: on the examples of BOLT 11, on whatever we write, and on many
// invoices that nobody should write. Where the two part is written down here, and why.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Random, seededRandom } from '../../src/engine/base/random.ts'
import {
  HASH_FIELD,
  NODE,
  SECRET_FIELD,
  TEXT_FIELD,
  craft,
  field,
  secp,
  sign,
} from './bolt11-craft.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { draft } from './bolt11-drafts.ts'
import { encodeBolt11 } from '../../src/engine/protocol/bolt11/encode.ts'
import { payeeOf } from '../../src/engine/protocol/bolt11/payee.ts'
import { type Said, ldkFinds, ldkReads, saidOf } from './bolt11-ldk.ts'
import vectors from './bolt11.json' with { type: 'json' }

const weRead = (text: string): Said | string => {
  const invoice = decodeBolt11(text)
  if (typeof invoice === 'string') return invoice
  const payee = payeeOf(invoice, secp)
  return payee === null ? 'payee' : saidOf(invoice, payee)
}

const FEATURES = field('features', [16, 8, 0])
const USUAL = [...HASH_FIELD, ...SECRET_FIELD, ...TEXT_FIELD, ...FEATURES]
const HOP = field('routes', new Uint8Array(51).fill(4))
const OF_VECTORS = new Map(vectors.valid.map((it) => [it.note.replace(/;.*/, ''), it.invoice]))

/** Where one reads what the other does not, `ours | LDK's`: an invoice of the kind, and why. */
const DIFFERENCES: Readonly<Record<string, readonly [example: string, why: string]>> = {
  'reads | InvalidSignature': [
    OF_VECTORS.get('public-key recovery with a high-S signature')!,
    'LDK 0.1 recovers no high S, which BOLT 11 demands and later versions of LDK do',
  ],
  'reads | InvalidFeatures': [
    vectors.named.invoice,
    'LDK wants a payment secret announced; BOLT 9 has come to assume it of everybody',
  ],
  'reads | Invalid secp256k1 signature: malformed public key': [
    craft([...USUAL, ...HOP]),
    'LDK parses the keys of hops; we route nothing, and hand the text to a wallet that does',
  ],
  'bolt11.number | reads': [
    craft([...USUAL, ...field('expirySec', [0, 5])]),
    'a zero before a number, which BOLT 11 says SHOULD be refused',
  ],
  'bolt11.feature | reads': [
    craft([...HASH_FIELD, ...SECRET_FIELD, ...TEXT_FIELD, ...field('features', [0, 16, 8, 0])]),
    'a zero before features, the same',
  ],
  'bolt11.amount | reads': [
    craft(USUAL, { prefix: 'lnbc01u' }),
    'a zero before the amount, which a writer MUST NOT write',
  ],
  'bolt11.padding | reads': [
    craft([...USUAL, ...field('metadata', [31, 31])]),
    'bits of padding that are not zero, which a writer MUST NOT write',
  ],
  'bolt11.description | reads': [
    craft([...HASH_FIELD, ...SECRET_FIELD, ...field('description', [12, 1]), ...FEATURES]),
    'the same in a description',
  ],
  'bolt11.twice | reads': [
    craft([...USUAL, ...field('expirySec', [1]), ...field('expirySec', [2])]),
    'a field twice, of which LDK takes the first: two readers could part',
  ],
}

/** The difference of two readings, or null where they agree, also on what an invoice says. */
const differenceOf = (text: string): string | null => {
  const [mine, theirs] = [weRead(text), ldkReads(text)]
  if (typeof mine === 'string' && typeof theirs === 'string') return null
  if (typeof mine === 'string') return `${mine} | reads`
  if (typeof theirs === 'string') return `reads | ${theirs}`
  expect(theirs).toEqual(mine)
  return null
}

test('both agree on the examples of BOLT 11, but for two', () => {
  const parted = [...vectors.valid, vectors.named, ...vectors.invalid]
    .map(({ note, invoice }) => [note.replace(/;.*/, ''), differenceOf(invoice)])
    .filter(([, difference]) => difference !== null)
  expect(parted).toEqual([
    ['public-key recovery with a high-S signature', 'reads | InvalidSignature'],
    ['n names the payee', 'reads | InvalidFeatures'],
  ])
})

test('LDK reads all that we write, field by field, and recovers the same payee', () => {
  fc.assert(
    fc.property(draft, (it) => {
      const text = encodeBolt11(it, sign)
      const read = weRead(text)
      expect(ldkReads(text)).toEqual(read)
      expect(read).toMatchObject({ payee: NODE, paymentHash: it.paymentHash, msat: it.msat })
      expect(ldkFinds(text, it)).toBe(true)
    }),
    { numRuns: 300, seed: 1 },
  )
})

test.each(Object.entries(DIFFERENCES))('they part: %s', (difference, [example, why]) => {
  expect(differenceOf(example)).toBe(difference)
  expect(why.length).toBeGreaterThan(0)
})

test('what we refuse and LDK reads has another payee there: it hashes what it would have written', () => {
  for (const kind of ['number', 'feature', 'amount', 'padding', 'description']) {
    const [example] = DIFFERENCES[`bolt11.${kind} | reads`]!
    const read = ldkReads(example)
    expect(typeof read !== 'string' && read.payee !== NODE).toBe(true)
  }
})

const PREFIXES = ['lnbc', 'lnbc1u', 'lnbcrt10n', 'lntbs15p', 'lnsb20p', 'lntb01u'] as const

/** Words of an invoice, a few of them changed, truly signed. */
const oddInvoice = (random: Random): string => {
  const { bytes, below } = random
  const now = (one: number[], chance: number) => (below(chance) === 0 ? one : [])
  const words = [
    ...HASH_FIELD,
    ...SECRET_FIELD,
    ...(below(2) ? TEXT_FIELD : field('descriptionHash', bytes(32))),
    ...FEATURES,
    ...now(field('expirySec', [below(32), below(32)]), 2),
    ...now(field('minFinalCltv', [below(32)]), 3),
    ...now(field('metadata', bytes(below(9))), 3),
    ...now(field('routes', Uint8Array.of(...secp.point(bytes(32).with(0, 1)), ...bytes(18))), 4),
    ...now(field('fallbacks', [17, ...field(0, bytes(20)).slice(3)]), 4),
    ...now(field('payee', Uint8Array.fromHex(NODE)), 4),
  ]
  for (let changes = below(3); changes > 0; changes--) words[below(words.length)] = below(32)
  if (below(10) === 0) words.splice(below(words.length), 1)
  return craft(words, { prefix: PREFIXES[below(PREFIXES.length)]! })
}

test('both agree on 1,000 odd ones, or part as written down above', () => {
  const random = seededRandom(11)
  const seen = new Map<string, number>()
  let agreed = 0
  for (let i = 0; i < 1_000; i++) {
    const difference = differenceOf(oddInvoice(random))
    if (difference === null) agreed++
    else seen.set(difference, (seen.get(difference) ?? 0) + 1)
  }
  expect([...seen.keys()].filter((it) => !(it in DIFFERENCES))).toEqual([])
  expect(agreed).toBeGreaterThan(700)
  expect(seen.size).toBeGreaterThanOrEqual(5)
})
