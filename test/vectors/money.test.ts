import { expect, test } from 'bun:test'
import { v2 } from 'nostr-tools/nip44'
import { fromHex, sha256, toHex } from '../../src/engine/base/bytes.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { type UnixSec, unixMs } from '../../src/engine/base/clock.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { payeeOf } from '../../src/engine/protocol/bolt11/payee.ts'
import { pubKey } from '../../src/engine/protocol/ids.ts'
import { sealed } from '../../src/engine/protocol/intake.ts'
import { isRefusal } from '../../src/engine/protocol/refusal.ts'
import { ReplayCache } from '../../src/engine/protocol/replay.ts'
import context from './events/context.json'
import { verifier } from './parties.ts'

// The messages about money in valid.jsonl, held against each other as a second implementation would.

/** The fields that are looked at here, of whichever kind has them. */
type Content = {
  terms: string
  bolt11: string
  payment_hash: string
  preimage: string
  sealed: string
  pay: { payees: string[] }
  invoice: { id: string }
  paid: { id: string }
}
type Line = {
  name: string
  id: string
  pubkey: string
  draft: { content: string; created_at: number }
}

const lines = (await Bun.file(new URL('./events/valid.jsonl', import.meta.url)).text()).trim()
const events = lines.split('\n').map((line) => JSON.parse(line) as Line)
const eventOf = (kind: string) => {
  const { id, pubkey, draft } = events.find(({ name }) => name === kind)!
  return { id, pubkey, at: draft.created_at as UnixSec, is: JSON.parse(draft.content) as Content }
}
const [invoice, paid, proof] = [eventOf('invoice'), eventOf('paid'), eventOf('proof')]
const termsText = invoice.is.terms

test('an invoice commits to the exact text of its terms, and is signed by a key of the sheet', async () => {
  const bolt11 = decodeBolt11(invoice.is.bolt11)
  if (typeof bolt11 === 'string') throw new Error(bolt11)
  const terms = JSON.parse(termsText) as Record<string, string>
  expect(bolt11.descriptionHash).toBe(toHex(sha256(termsText)))
  expect(String(bolt11.msat)).toBe(terms['msat']!)
  expect([terms['payee'], terms['price']]).toEqual([invoice.pubkey, eventOf('sheet').id])
  const { payees } = eventOf('sheet').is.pay
  expect(payees).toEqual([payeeOf(bolt11, await openSecp256k1())!])
  expect(String(bolt11.paymentHash)).toBe(paid.is.payment_hash)
})

test('what was paid names terms and payment, and the preimage is that of the payment', () => {
  expect(paid.is.terms).toBe(toHex(sha256(termsText)))
  expect(paid.is.payment_hash).toBe(toHex(sha256(fromHex(proof.is.preimage))))
  expect([proof.is.invoice.id, proof.is.paid.id]).toEqual([invoice.id, paid.id])
})

test('the letter opens at its addressee, and holds one event of the tab', () => {
  const { node, client, tab } = context.parties
  const money = eventOf('money')
  const key = v2.utils.getConversationKey(fromHex(node.secret), client.pubkey)
  const text = v2.decrypt(money.is.sealed, key)
  const rules = {
    verifier,
    net: 'sim' as const,
    isMe: (it: string) => it === node.pubkey,
    replay: new ReplayCache(),
  }
  const inner = sealed(text, money.at, rules, unixMs(context.now))
  if (isRefusal(inner)) throw new Error(inner.detail)
  expect([inner.name, inner.event.pubkey]).toEqual(['fund', pubKey(tab.pubkey)])
})
