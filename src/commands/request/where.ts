import { Fault, isFault } from '../../engine/base/fault.ts'
import { toHex } from '../../engine/base/bytes.ts'
import { nearest } from '../../engine/base/nearest.ts'
import { paths } from '../../engine/base/paths.ts'
import { parseKey, shortNpub } from '../../engine/identity/keys.ts'
import { listKeys, loadKey } from '../../engine/identity/keystore.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import { type PubKey, pubKey } from '../../engine/protocol/ids.ts'
import { MOST_KEYS, type Where } from '../../engine/protocol/where.ts'
import { runningHere } from '../running.ts'
import type { Trusted } from '../trust/set.ts'

/** What `--where` says, before the names of sets are looked up. */
export type Rules = Readonly<{
  own: boolean
  trusted: boolean
  allow: readonly PubKey[]
  deny: readonly PubKey[]
  local: boolean
  otherOperator: boolean
  noProprietary: boolean
}>

const WORDS = ['own', 'trusted', 'local', 'other-operator', 'no-proprietary'] as const
const LISTS = ['allow', 'deny'] as const

/**
 * The rules of `--where`: words that name nodes (own, trusted, allow:NPUB) add up, and each of the
 * others must hold besides.
 * @param texts one rule each, or several with commas
 * @throws Fault `usage` `where.rule` | `where.both` | `key.npub`
 */
export const parseWhere = (texts: readonly string[]): Rules => {
  const rules = texts.flatMap((it) => it.split(',')).map((it) => it.trim())
  const words = new Set(rules.filter((it) => !it.includes(':')))
  for (const word of words) if (!isOneOf(word, WORDS)) throw unknown(word)
  const lists: Record<(typeof LISTS)[number], Set<PubKey>> = { allow: new Set(), deny: new Set() }
  for (const rule of rules.filter((it) => it.includes(':'))) {
    const [list = '', ...key] = rule.split(':')
    if (!isOneOf(list, LISTS)) throw unknown(list)
    lists[list].add(parseKey(key.join(':'), `the key in --where ${list}:`))
  }
  const [both] = lists.allow.intersection(lists.deny)
  if (both)
    throw new Fault('usage', 'where.both', `--where allows and denies ${shortNpub(both)}`, {
      hint: 'keep one of the two',
    })
  return {
    own: words.has('own'),
    trusted: words.has('trusted'),
    allow: [...lists.allow],
    deny: [...lists.deny],
    local: words.has('local'),
    otherOperator: words.has('other-operator'),
    noProprietary: words.has('no-proprietary'),
  }
}

/**
 * The rules as an ask carries them.
 * @param ownKeys keys of this user beside those of the trust set, asked for only where they count
 * @throws Fault `config` `where.no_own` | `where.no_trusted`, `usage` `where.many`
 */
export const whereOf = async (
  rules: Rules,
  trust: readonly Trusted[],
  ownKeys: () => Promise<readonly PubKey[]> = keysOfUser,
): Promise<Where> => {
  const own = rules.own ? [...keysOf(trust.filter((it) => it.own)), ...(await ownKeys())] : []
  if (rules.own && own.length === 0)
    throw new Fault('config', 'where.no_own', 'no node is known as your own', {
      hint: 'name it: fedai trust add NPUB --own',
    })
  if (rules.trusted && trust.length === 0)
    throw new Fault('config', 'where.no_trusted', 'the trust set is empty', {
      hint: 'trust a node: fedai trust add NPUB',
    })
  const trusted = rules.trusted ? keysOf(trust) : []
  // A list that came out empty would allow everybody: who named sets has at least one key by now.
  const allow = [...new Set([...rules.allow, ...own, ...trusted])]
  if (Math.max(allow.length, rules.deny.length) > MOST_KEYS)
    throw new Fault('usage', 'where.many', `--where names more than ${MOST_KEYS} keys`, {
      hint: 'name fewer: an ask carries no more',
    })
  return {
    allow,
    deny: [...rules.deny],
    local: rules.local,
    other_operator: rules.otherOperator,
    no_proprietary: rules.noProprietary,
  }
}

const keysOf = (trust: readonly Trusted[]): PubKey[] => trust.map((it) => it.key)

/**
 * The public keys of stored identities, and of what runs on this machine for this user. A file that does
 * not open without asking is passed over: it can be named in the trust set.
 */
const keysOfUser = async (): Promise<readonly PubKey[]> => {
  const dir = paths(process.env).keys
  const stored = await Promise.all(listKeys(dir).map((name) => publicKeyOf(dir, name)))
  const running = runningHere().flatMap((it) => (it.role === 'node' ? [it.key] : []))
  return [...stored.flatMap((it) => it ?? []), ...running]
}

const publicKeyOf = async (dir: string, name: string): Promise<PubKey | undefined> => {
  try {
    const secret = await loadKey(dir, name)
    try {
      return pubKey(toHex((await openSecp256k1()).publicKey(secret)))
    } finally {
      secret.fill(0)
    }
  } catch (error) {
    if (isFault(error)) return undefined
    throw error
  }
}

const isOneOf = <T extends string>(text: string, all: readonly T[]): text is T =>
  (all as readonly string[]).includes(text)

const unknown = (word: string): Fault => {
  const near = nearest(word, [...WORDS, ...LISTS])
  const meant = near && isOneOf(near, LISTS) ? `${near}:NPUB` : near
  return new Fault(
    'usage',
    'where.rule',
    `--where does not know ${JSON.stringify(word.slice(0, 40))}`,
    {
      hint: meant
        ? `try --where ${meant}`
        : `use ${WORDS.join(', ')}, allow:NPUB or deny:NPUB, with commas between`,
    },
  )
}
