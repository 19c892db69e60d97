import { ptr } from 'bun:ffi'
import { openLibc } from '../base/libc.ts'

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
/** `sun_family`, and `sun_path` after it (unix(7)). */
const ADDRESS_BYTES = 110
const PATH_AT = 2

/**
 * Sends one datagram to a UNIX socket: a path, or `@name` in the abstract namespace. Linux only, through
 * libc, since Bun 1.4.5 has no datagrams there (`node:dgram` throws, `Bun.udpSocket` is for the network).
 * @returns false where nobody took it: no such socket, a full queue, another system
 */
export const sendDatagram = (path: string, text: string): boolean => {
  if (process.platform !== 'linux') return false
  const name = new TextEncoder().encode(path.startsWith('@') ? `\0${path.slice(1)}` : path)
  if (name.length === 0 || name.length >= ADDRESS_BYTES - PATH_AT) return false
  const libc = (opened ??= { symbols: openLibc(SYMBOLS) }).symbols
  const socket = libc?.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) ?? -1
  if (!libc || socket < 0) return false
  const address = new Uint8Array(ADDRESS_BYTES)
  new DataView(address.buffer).setUint16(0, AF_UNIX, littleEndian)
  address.set(name, PATH_AT)
  const message = new TextEncoder().encode(text)
  const flags = MSG_NOSIGNAL | MSG_DONTWAIT
  const sent = libc.sendto(
    socket,
    ptr(message),
    message.length,
    flags,
    ptr(address),
    PATH_AT + name.length,
  )
  libc.close(socket)
  return Number(sent) === message.length
}

const SYMBOLS = {
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  sendto: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'u32'], returns: 'i64' },
  close: { args: ['i32'], returns: 'i32' },
} as const

let opened: { symbols: ReturnType<typeof openLibc<typeof SYMBOLS>> } | undefined

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
