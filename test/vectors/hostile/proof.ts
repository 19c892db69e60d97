import type { Signed } from '../../../src/engine/protocol/event.ts'
import { CLIENT, NOW_SEC, STRANGER, altered, sample } from '../samples.ts'
import { type Hostile, CREATED, KIND, all, base, edit, flipLast } from './case.ts'

/** Rule 2. */
export const proof = (): Hostile[] => {
  const other = sample('revoke')
  return [
    ...all('event.wrong_id', [
      ['another content', JSON.stringify({ ...base, content: '{}' })],
      ['another time', edit(CREATED, `"created_at":${NOW_SEC + 1}`)],
      ['another kind', edit(KIND, '"kind":26431')],
      ['another tag', edit('"sim"', '"mainnet"')],
      ['another key', edit(base.pubkey, STRANGER.pubkey)],
      ['the id of another event', edit(base.id, other.id)],
      ['id and sig of another event', JSON.stringify({ ...base, id: other.id, sig: other.sig })],
      ['tags in another order', JSON.stringify({ ...base, tags: base.tags.toReversed() })],
      [
        'a blank in the content, which JSON would not mind',
        JSON.stringify({ ...base, content: ` ${base.content}` }),
      ],
    ]),
    ...all('event.bad_signature', [
      ['the signature of another event', JSON.stringify({ ...base, sig: other.sig })],
      ['zeros', JSON.stringify({ ...base, sig: '0'.repeat(128) })],
      ['one bit', JSON.stringify({ ...base, sig: flipLast(base.sig) })],
      [
        's is the order of the curve',
        JSON.stringify({ ...base, sig: base.sig.slice(0, 64) + ORDER }),
      ],
      [
        'halves exchanged',
        JSON.stringify({ ...base, sig: base.sig.slice(64) + base.sig.slice(0, 64) }),
      ],
      ['signed by another', JSON.stringify({ ...altered('cancel', {}, STRANGER), ...stolen() })],
      ['a key that is not on the curve', JSON.stringify(offCurve())],
    ]),
  ]
}

const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'
/** Our key and id over a stranger's signature. */
const stolen = () => ({ id: base.id, pubkey: base.pubkey })
/** Its id is right for its key; the key is BIP-340's vector 5. */
const offCurve = (): Signed =>
  altered(
    'cancel',
    {},
    {
      ...CLIENT,
      pubkey:
        'eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34' as typeof CLIENT.pubkey,
    },
  )
