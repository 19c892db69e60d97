import type { Socket } from 'bun'

type Pair = { other: Socket<Pair> | undefined; waiting: Uint8Array[] }

/** Passes bytes on to a port of this machine until it is pulled: then nothing comes through, and nobody is told. */
export const openCable = (port: number) => {
  let pulled = false
  const pass = (from: Socket<Pair>, bytes: Uint8Array): void => {
    if (pulled) return
    if (from.data.other) from.data.other.write(bytes)
    else from.data.waiting.push(bytes)
  }
  const listener = Bun.listen<Pair>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      async open(near) {
        near.data = { other: undefined, waiting: [] }
        const far = await Bun.connect<Pair>({
          hostname: '127.0.0.1',
          port,
          data: { other: near, waiting: [] },
          socket: { data: pass, close: () => void (pulled || near.end()) },
        })
        near.data.other = far
        for (const bytes of near.data.waiting) far.write(bytes)
      },
      data: pass,
      close: (near) => void (pulled || near.data.other?.end()),
    },
  })
  return {
    port: listener.port,
    pull: () => void (pulled = true),
    close: () => listener.stop(true),
  }
}
