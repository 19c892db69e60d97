import type { PubKey } from '../../protocol/ids.ts'
import type { LinkId } from '../wire.ts'
import type { RouterState } from './state.ts'

/**
 * Which key speaks on which link. A link speaks for the key that it proved last; a key may speak on
 * several, since clients share one (`xargs -P 8 fedai request --as me`).
 */
type Links = Pick<RouterState, 'keyOf' | 'linksOf'>

/** A key was proven on a link. Returns the one that it spoke for before, where that was another. */
export const joinLink = (state: Links, link: LinkId, key: PubKey): PubKey | undefined => {
  const before = state.keyOf.get(link)
  leaveLink(state, link)
  state.keyOf.set(link, key)
  const links = state.linksOf.get(key)
  if (links) links.push(link)
  else state.linksOf.set(key, [link])
  return before === key ? undefined : before
}

/** A link is gone. Returns the key that spoke on it; others of its links go on. */
export const leaveLink = ({ keyOf, linksOf }: Links, link: LinkId): PubKey | undefined => {
  const key = keyOf.get(link)
  if (key === undefined) return undefined
  keyOf.delete(link)
  const links = linksOf.get(key)!
  links.splice(links.indexOf(link), 1)
  if (links.length === 0) linksOf.delete(key)
  return key
}

/** The link on which a key was proven last, of those that stand. */
export const newestLink = ({ linksOf }: Links, key: PubKey): LinkId | undefined =>
  linksOf.get(key)?.at(-1)
