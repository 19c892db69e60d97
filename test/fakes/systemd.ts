import { ptr } from 'bun:ffi'
import { openLibc } from '../../src/engine/base/libc.ts'

const MSG_DONTWAIT = 0x40

const libc =
  process.platform === 'linux'
    ? openLibc({
        socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
        bind: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
        recv: { args: ['i32', 'ptr', 'u64', 'i32'], returns: 'i64' },
        close: { args: ['i32'], returns: 'i32' },
      })
    : undefined

/** Whether there can be such a socket here. */
export const hasDatagrams = libc !== undefined
if (!hasDatagrams)
  process.stderr.write('!! NOT TRIED: what systemd hears, since there is no C library to ask\n')

/** A socket as systemd has it for a unit: what came to it, datagram by datagram. */
export type FakeSystemd = Readonly<{
  /** The next datagram; undefined where none has come. */
  take(): string | undefined
  /** All until one fits; rejects after ten seconds without it. */
  until(pattern: RegExp): Promise<string[]>
  close(): void
}>

/** Listens at a path, or at `@name` in the abstract namespace. */
export const fakeSystemd = (name: string): FakeSystemd => {
  const bytes = new TextEncoder().encode(name.replace(/^@/, '\0'))
  const address = Uint8Array.from([1, 0, ...bytes])
  const socket = libc!.socket(1, 2, 0)
  if (libc!.bind(socket, ptr(address), address.length) !== 0) throw new Error(`no socket ${name}`)
  const buffer = new Uint8Array(4096)
  const take = () => {
    const length = Number(libc!.recv(socket, ptr(buffer), buffer.length, MSG_DONTWAIT))
    return length < 0 ? undefined : new TextDecoder().decode(buffer.subarray(0, length))
  }
  return {
    take,
    until: async (pattern) => {
      const all: string[] = []
      for (let i = 0; i < 1_000; i++) {
        for (let it = take(); it !== undefined; it = take()) all.push(it)
        if (all.some((it) => pattern.test(it))) return all
        await Bun.sleep(10)
      }
      throw new Error(`systemd was not told ${pattern}: ${JSON.stringify(all)}`)
    },
    close: () => void libc!.close(socket),
  }
}
