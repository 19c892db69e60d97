import { isIP } from 'node:net'

/** Counts things by the address that they come from, to a bound. */
export type Counter = {
  /** False where the address has its share; nothing was counted then. */
  add(address: string): boolean
  remove(address: string): void
}

/**
 * At most `most` at once for an address. IPv6 counts by /64, which is what one customer is given.
 * @param full told of each address that wants one more
 */
export const counter = (most: number, full: (address: string) => void = () => {}): Counter => {
  const counts = new Map<string, number>()
  return {
    add(address) {
      const place = placeOf(address)
      const count = counts.get(place) ?? 0
      if (count >= most) {
        full(address)
        return false
      }
      counts.set(place, count + 1)
      return true
    },
    remove(address) {
      const place = placeOf(address)
      const count = counts.get(place) ?? 0
      if (count > 1) counts.set(place, count - 1)
      else counts.delete(place)
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
