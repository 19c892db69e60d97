import { decodeFrame, type Frame } from '../../src/engine/protocol/frames.ts'
import type { Signed } from '../../src/engine/protocol/event.ts'
import type { LinkOwner } from '../../src/engine/transport/link.ts'
import type { MemoryNetwork } from '../../src/engine/transport/memory.ts'

/** Everything that arrived anywhere, in order. */
export type Recorded = {
  events: { event: Signed; text: string }[]
  frames: { link: number; frame: Frame; bytes: Uint8Array }[]
}

/** A network that writes down what arrives on any of its links before the owner hears it. */
export const tapped = (inner: MemoryNetwork): { network: MemoryNetwork; recorded: Recorded } => {
  const recorded: Recorded = { events: [], frames: [] }
  const seen = new Set<string>()
  const owner = (real: LinkOwner): LinkOwner => ({
    authenticated: (link, key, auth) => real.authenticated(link, key, auth),
    closed: (link, reason) => real.closed(link, reason),
    event: (link, text) => {
      const event = JSON.parse(text) as Signed
      // The router passes most events on: once is enough.
      if (!seen.has(event.id)) recorded.events.push({ event, text })
      seen.add(event.id)
      real.event(link, text)
    },
    frame: (link, bytes) => {
      const frame = decodeFrame(bytes)
      if (frame) recorded.frames.push({ link: link.id, frame, bytes })
      real.frame(link, bytes)
    },
  })
  const network: MemoryNetwork = {
    ...inner,
    listen: (door, real) => inner.listen(door, owner(real)),
    dial: (address, options, real) => inner.dial(address, options, owner(real)),
  }
  return { network, recorded }
}
