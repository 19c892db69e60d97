import { afterAll, expect, test } from 'bun:test'
import { closeAll, openDoor } from '../../src/engine/transport/door.fixtures.ts'

afterAll(closeAll)

/** Bun's own limit for a request that is not whole, 10 s, which it looks at every 4 s; and some slack. */
const WITHIN_MS = 15_000

test(
  'what opens a connection and never shakes hands is hung up on, however slowly it goes on',
  async () => {
    const { address } = await openDoor()
    const port = Number(new URL(address).port)
    const half = ['', 'GET / HTTP/1.1\r\nHost: x\r\n', 'GET / HTTP/1.1\r\nUpgrade: websocket\r\n']
    const began = performance.now()
    const closed = [...half, 'GET / HTTP/1.1\r\nX-Drip: '].map(async (text, n) => {
      const { promise, resolve } = Promise.withResolvers<number>()
      const socket = await Bun.connect({
        hostname: '127.0.0.1',
        port,
        socket: {
          open: (it) => void it.write(text),
          data() {},
          error() {},
          close: () => resolve(performance.now() - began),
        },
      })
      // A byte a second of a header that never ends buys no more time.
      const drip = n === half.length ? setInterval(() => socket.write('a'), 1_000) : undefined
      const ms = await Promise.race([promise, Bun.sleep(WITHIN_MS).then(() => Infinity)])
      clearInterval(drip)
      return ms
    })
    for (const ms of await Promise.all(closed)) expect(ms).toBeLessThan(WITHIN_MS)
  },
  2 * WITHIN_MS,
)
