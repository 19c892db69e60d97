import { Fault } from '../../engine/base/fault.ts'
import { npub, parseNpub, shortNpub } from '../../engine/identity/keys.ts'
import { type PubKey, pubKey } from '../../engine/protocol/ids.ts'
import type { Trusted } from '../trust/set.ts'

/** As short as the beginning of a key or a name may be. */
const SHORTEST = 3

/**
 * The node that a word on the command line means: a whole key, a name of the trust set, or how a key or name begins
 * that is known here; a key as lines for people show it (`npub1q7…k2f`) too.
 * @param tabs nodes where we have a tab
 * @throws Fault `usage` `key.npub` | `node.unknown` | `node.ambiguous`
 */
export const nodeOf = (
  word: string,
  trusted: readonly Trusted[],
  tabs: readonly PubKey[],
): PubKey => {
  const text = word.trim()
  if (/^[0-9a-f]{64}$/i.test(text)) return pubKey(text.toLowerCase())
  if (/^nsec1|^npub1[a-z0-9]{58}$/.test(text)) return parseNpub(text, 'the node')
  const named = trusted.filter((it) => it.name === text).map((it) => it.key)
  const begins = named.length > 0 ? named : beginning(text, trusted, tabs)
  const found = [...new Set(begins)]
  if (found.length === 1) return found[0]!
  if (found.length === 0)
    throw new Fault('usage', 'node.unknown', 'no node that is known here is called so', {
      hint: 'give its whole key, npub1…; fedai trust list and fedai pay tabs show those that are known',
    })
  const names = found.slice(0, 3).map(shortNpub)
  throw new Fault(
    'usage',
    'node.ambiguous',
    `${found.length} nodes are called so: ${names.join(', ')}`,
    { hint: 'write more of it' },
  )
}

const beginning = (
  text: string,
  trusted: readonly Trusted[],
  tabs: readonly PubKey[],
): PubKey[] => {
  const [start = '', end = ''] = text.split('…')
  if (start.replace(/^npub1/, '').length < (end ? 1 : SHORTEST)) return []
  const fits = (it: string): boolean => it.startsWith(start) && it.endsWith(end)
  const keys = [...trusted.map((it) => it.key), ...tabs].filter((it) => fits(it) || fits(npub(it)))
  return [...keys, ...trusted.filter((it) => it.name?.startsWith(text)).map((it) => it.key)]
}
