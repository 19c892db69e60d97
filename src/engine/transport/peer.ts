import { BlockList, isIP } from 'node:net'
import { bare } from './addresses.ts'

/** Whose connection nobody says: one peer like any other, and never a local one. */
export const UNKNOWN = 'unknown'

/**
 * Whose connection a request is: an address; `UNKNOWN` where a trusted proxy names none (nothing, or
 * `unknown`, RFC 7239 section 6.2); null where its headers contradict each other.
 */
export type PeerOf = (socketAddress: string, headers: Headers) => string | null

/**
 * Who comes to a door. A proxy that is named is believed about whom it passes on: of the hops that it
 * lists the last one that is no such proxy itself. Everybody else can write what they like into these
 * headers, and nobody reads it.
 * @param proxies `ADDRESS` or `ADDRESS/BITS`, checked before by `isNetwork`
 */
export const peerOf = (proxies: readonly string[]): PeerOf => {
  const trusted = new BlockList()
  for (const proxy of proxies) {
    const [address = '', bits] = bare(proxy).split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) trusted.addAddress(address, family)
    else trusted.addSubnet(address, Number(bits), family)
  }
  const isTrusted = (address: string): boolean =>
    isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  const lastOf = (hops: readonly string[]): string | undefined =>
    hops.findLast((hop) => !isTrusted(hop))

  return (socketAddress, headers) => {
    const direct = plain(socketAddress)
    if (!isTrusted(direct)) return direct
    const listed = listOf(headers.get('x-forwarded-for')).map(plain)
    const forwarded = listOf(headers.get('forwarded')).map(forOf)
    // A proxy writes one of the two and passes the other on as the client wrote it. Which one cannot be
    // told, so both count only where they say the same.
    const [one, other] = [lastOf(listed), lastOf(forwarded)]
    if (listed.length > 0 && forwarded.length > 0 && one !== other) return null
    const peer = one ?? other
    // Never the proxy's own: that would put everybody behind it into this network (`--where local`).
    return peer !== undefined && isIP(peer) !== 0 ? peer : UNKNOWN
  }
}

/** True for what `--trusted-proxy` takes: an IP address, or one with the bits of its network. */
export const isNetwork = (text: string): boolean => {
  const [address = '', bits, more] = bare(text).split('/')
  const family = isIP(address)
  if (family === 0 || more !== undefined) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** Hops beyond this many are read from the right. */
const MOST_HOPS = 32

// Several headers of one name come joined by commas (RFC 9110, section 5.3): the order is kept.
const listOf = (header: string | null): string[] =>
  header === null
    ? []
    : header
        .split(',')
        .slice(-MOST_HOPS)
        .map((it) => it.trim())

/** `for=` of one element of Forwarded (RFC 7239), without its port. */
const forOf = (element: string): string =>
  plain(/(?:^|;)\s*for=("?)([^";]*)\1/i.exec(element)?.[2]?.trim() ?? '')

/** An address without a port, without brackets, and IPv4 as IPv4. */
const plain = (text: string): string => {
  const host =
    /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ??
    /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1] ??
    text
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1] ?? host
}
