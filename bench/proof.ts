// What a payment costs who checks it: one BIP-340 verification, and one whole proof (docs/money.md): two
// signatures, ids and texts of two events, BOLT 11 decoded, its payee recovered, hashes and terms. Medians of one run.
//   bun bench/proof.ts [PROOFS]
import { fromHex, sha256, toHex } from '../src/engine/base/bytes.ts'
import { type UnixSec, unixMs } from '../src/engine/base/clock.ts'
import { msat } from '../src/engine/base/money.ts'
import { seededRandom } from '../src/engine/base/random.ts'
import type { Secp256k1 } from '../src/engine/identity/seams.ts'
import { openSecp256k1 } from '../src/engine/identity/secp256k1.ts'
import { newSigner } from '../src/engine/identity/signer.ts'
import { encodeBolt11 } from '../src/engine/protocol/bolt11/encode.ts'
import { type Draft, type Signed, idOf } from '../src/engine/protocol/event.ts'
import { eventId, paymentHash } from '../src/engine/protocol/ids.ts'
import { termsHash, termsText } from '../src/engine/protocol/terms.ts'
import { proofFlaw } from '../src/engine/spending/invoice-check-proof.ts'
import { at } from './parties.ts'

/** Of one verification, with libsecp256k1. */
const TARGET = 6
const proofs = Number(process.argv[2] ?? 4_000)
const NOW = 1_795_350_000

/** Event, its content, and what it says, as a payee and a payer would have sent them. */
const paymentOf = (secp: Secp256k1) => {
  const random = seededRandom(1)
  const [node, client, router] = [1, 2, 3].map(() => newSigner(secp, random)) as [
    Signer,
    Signer,
    Signer,
  ]
  const [lightning, secret] = [random.bytes(32), random.bytes(32)]
  const agreed = {
    net: 'sim',
    payee: node.pubkey,
    router: router.pubkey,
    for: 'job',
    ref: toHex(random.bytes(32)),
    price: eventId(toHex(random.bytes(32))),
  } as const
  const [iat, exp] = [NOW, NOW + 120] as [UnixSec, UnixSec]
  const more = { payer: client.pubkey, seq: 0, msat: msat(21_000n), cum_used_msat: msat(0n) }
  const terms = termsText({ ...agreed, ...more, iat, exp })
  const invoice = {
    prefix: 'bcrt',
    msat: more.msat,
    timestamp: iat,
    expirySec: 120,
    paymentHash: paymentHash(toHex(sha256(secret))),
    paymentSecret: toHex(random.bytes(32)),
    description: null,
    descriptionHash: termsHash(terms),
  } as const
  const bolt11 = encodeBolt11(invoice, (hash) => secp.signRecoverable(hash, lightning))
  const preimage = toHex(secret)
  const draft = (content: object): Draft => ({
    kind: 1,
    created_at: iat,
    tags: [
      ['net', 'sim'],
      ['v', '1'],
      ['p', client.pubkey],
    ],
    content: JSON.stringify(content),
  })
  const billed = node.sign(draft({ terms, bolt11 }))
  const shown = client.sign(draft({ terms, bolt11, preimage }))
  const pinnedKeys = [toHex(secp.point(lightning))]
  return { agreed, terms, bolt11, preimage, billed, shown, pinnedKeys }
}
type Signer = ReturnType<typeof newSigner>
type Payment = ReturnType<typeof paymentOf>

const holds = (secp: Secp256k1, event: Signed): boolean =>
  idOf(event.pubkey, event) === event.id &&
  secp.verify(fromHex(event.sig), fromHex(event.id), fromHex(event.pubkey))

const check = (secp: Secp256k1, it: Payment): void => {
  if (!holds(secp, it.billed) || !holds(secp, it.shown)) throw new Error('a signature')
  const { terms, bolt11, preimage } = it
  const invoice = { terms, bolt11, signer: it.billed.pubkey }
  const proof = { invoice, signer: it.shown.pubkey, evidence: { preimage } }
  const rules = { secp, pinnedKeys: it.pinnedKeys, now: unixMs((NOW + 5) * 1000) }
  const flaw = proofFlaw(proof, it.agreed, rules)
  if (flaw) throw new Error(flaw)
}

/** Medians of both in µs, measured in turns, so that whatever else the machine does meets both. */
const measure = (secp: Secp256k1): { verify: number; proof: number } => {
  const it = paymentOf(secp)
  const [sig, hash, key] = [it.billed.sig, it.billed.id, it.billed.pubkey].map(fromHex) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const times = { verify: [] as number[], proof: [] as number[] }
  for (let i = 0; i < proofs * 2; i++) {
    const [before, between] = [performance.now(), secp.verify(sig, hash, key) && performance.now()]
    check(secp, it)
    const after = performance.now()
    // The first half is warming up.
    if (i < proofs || between === false) continue
    times.verify.push((between - before) * 1000)
    times.proof.push((after - between) * 1000)
  }
  return { verify: at(times.verify, 0.5), proof: at(times.proof, 0.5) }
}

for (const backend of ['libsecp256k1', 'wasm'] as const) {
  const secp = await openSecp256k1(backend)
  if (secp.backend !== backend) {
    process.stdout.write(`${backend.padEnd(12)}  not on this machine\n`)
    continue
  }
  const { verify, proof } = measure(secp)
  const ratio = proof / verify
  const target = backend === 'libsecp256k1' ? ` (≤ ${TARGET})` : ''
  process.stdout.write(
    `${backend.padEnd(12)}  one verification ${verify.toFixed(1)} µs   one proof ${proof.toFixed(1)} µs   ratio ${ratio.toFixed(2)}${target}\n`,
  )
  if (target && ratio > TARGET) process.exitCode = 1
}
