import { BlockList, isIP } from 'node:net'

/**
 * True for an IP address that is not on the public internet: loopback, private (RFC 1918, 4193),
 * link-local, shared (RFC 6598), multicast, reserved, and IPv6 forms that carry such an IPv4 address.
 */
export const isPrivateAddress = (ip: string): boolean => {
  const family = isIP(ip)
  if (family === 4) return inside.check(ip, 'ipv4')
  if (family !== 6) return false
  const embedded = embeddedIPv4(ip)
  return inside.check(ip, 'ipv6') || (embedded !== undefined && inside.check(embedded, 'ipv4'))
}

/** True for an address of this machine alone, as `placeOf` counts it: IPv6 by its first 64 bits. */
export const isLoopback = (place: string): boolean =>
  place === '0:0:0:0' || (isIP(place) === 4 && place.startsWith('127.'))

/**
 * True for a host name (of a parsed URL) that can only be on this machine or in this network:
 * a private address, `localhost`, a name without a dot, and the names that are kept for local use
 * (RFC 6761, 6762, ICANN's `.internal`). Nothing is looked up.
 */
export const isLocalHost = (hostname: string): boolean => {
  const host = bare(hostname)
  if (isIP(host)) return isPrivateAddress(host)
  return !host.includes('.') || /\.(localhost|local|internal)$/.test(host)
}

/**
 * The address that a host is, in one spelling and without a zone: `0`, `127.1` and `::0` are addresses for
 * the kernel as for URLs. Undefined for a name.
 */
export const addressIn = (host: string): string | undefined => {
  const plain = bare(host).replace(/%.*$/, '')
  const url = URL.parse(`http://${isIP(plain) === 6 ? `[${plain}]` : plain}`)
  const address = bare(url?.hostname ?? '')
  return isIP(address) === 0 ? undefined : address
}

/** A URL's host name without the brackets of IPv6 and without a trailing dot. */
export const bare = (hostname: string): string =>
  hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

const IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]

const IPV6: readonly (readonly [string, number])[] = [
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
]

const inside = new BlockList()
for (const [network, bits] of IPV4) inside.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of IPV6) inside.addSubnet(network, bits, 'ipv6')

// Mapped (::ffff:a.b.c.d), compatible (::a.b.c.d), NAT64 (64:ff9b::a.b.c.d) and 6to4 (2002:aabb:ccdd::).
const embeddedIPv4 = (ip: string): string | undefined => {
  const canonical = bare(new URL(`http://[${ip.replace(/%.*$/, '')}]`).hostname)
  const pair =
    /^(?:::ffff:(?:0:)?|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ??
    /^2002:([0-9a-f]{1,4}):([0-9a-f]{1,4}):/.exec(canonical)
  if (!pair) return undefined
  const [high, low] = [Number.parseInt(pair[1]!, 16), Number.parseInt(pair[2]!, 16)]
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}
