import { Fault } from '../../engine/base/fault.ts'
import { npub, parseKey, shortNpub } from '../../engine/identity/keys.ts'
import type { PubKey } from '../../engine/protocol/ids.ts'
import type { Trusted } from '../trust/set.ts'

/** As short as the beginning of a name, or of a key behind its npub1, may be. */
const SHORTEST = 3
const PREFIX = 'npub1'

/**
 * The node that a word on the command line means: a whole key, a name of the trust set, or how a key or name begins
 * that is known here; a key as lines for people show it (`npub1q7…k2f`) too.
 * @param tabs nodes where we have a tab
 * @throws Fault `usage` `key.npub` | `node.short` | `node.unknown` | `node.ambiguous`
 */
export const nodeOf = (
  word: string,
  trusted: readonly Trusted[],
  tabs: readonly PubKey[],
): PubKey => {
  const text = word.trim()
  if (/^nsec1|^npub1[a-z0-9]{58}$|^[0-9a-fA-F]{64}$/.test(text)) return parseKey(text, 'the node')
  const named = trusted.filter((it) => it.name === text).map((it) => it.key)
  if (named.length === 0 && isShort(text)) throw tooShort()
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

/** Every key begins with npub1: what is written of that says nothing about which one is meant, and payments follow. */
const behind = (start: string): string =>
  PREFIX.startsWith(start) ? '' : start.replace(/^npub1/, '')

const isShort = (text: string): boolean => {
  const [start = '', end = ''] = text.split('…')
  return behind(start) === '' || behind(start).length + end.length < SHORTEST
}

const tooShort = (): Fault =>
  new Fault('usage', 'node.short', 'that is too short to say which node', {
    hint: `write ${SHORTEST} characters of its name or key at least; of a key ${SHORTEST} behind ${PREFIX}`,
  })

const beginning = (
  text: string,
  trusted: readonly Trusted[],
  tabs: readonly PubKey[],
): PubKey[] => {
  const [start = '', end = ''] = text.split('…')
  const fits = (it: string): boolean => it.startsWith(start) && it.endsWith(end)
  const keys = [...trusted.map((it) => it.key), ...tabs].filter((it) => fits(it) || fits(npub(it)))
  return [...keys, ...trusted.filter((it) => it.name?.startsWith(text)).map((it) => it.key)]
}
