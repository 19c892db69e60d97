import { isIP } from 'node:net'

/** Counts different things by the address that they come from, to a bound. */
export type Counter = {
  /** One more that has it. False where the address has its share of others; nothing was counted then. */
  add(address: string, what: string): boolean
  remove(address: string, what: string): void
}

/**
 * At most `most` different ones at once for an address, each however often. IPv6 counts by /64, which is what one
 * customer is given. It remembers no more than there are of `add` without `remove`.
 * @param full told of each address that wants one more
 */
export const counter = (most: number, full: (address: string) => void = () => {}): Counter => {
  const places = new Map<string, Map<string, number>>()
  return {
    add(address, what) {
      const name = placeOf(address)
      const place = places.get(name) ?? new Map<string, number>()
      const count = place.get(what) ?? 0
      if (count === 0 && place.size >= most) {
        full(address)
        return false
      }
      places.set(name, place.set(what, count + 1))
      return true
    },
    remove(address, what) {
      const name = placeOf(address)
      const place = places.get(name)
      const count = place?.get(what) ?? 0
      if (count > 1) place!.set(what, count - 1)
      else if (place?.delete(what) && place.size === 0) places.delete(name)
    },
  }
}

/** What an address is counted by. */
export const placeOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped || isIP(address) !== 6) return mapped ?? address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const front = head.split(':').filter(Boolean)
  const back = (tail ?? '').split(':').filter(Boolean)
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length
  const groups = [...front, ...Array.from({ length: zeros }, () => '0'), ...back]
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16))
    .join(':')
}
