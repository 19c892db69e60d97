import { systemClock } from '../../src/engine/base/clock.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../src/engine/identity/signer.ts'
import { readEvent } from '../../src/engine/protocol/envelope.ts'
import { type Signed, eventText, tagValue } from '../../src/engine/protocol/event.ts'
import type { PubKey } from '../../src/engine/protocol/ids.ts'
import { WALLET_EVENT_KINDS } from '../../src/engine/protocol/kinds.ts'
import { isRefusal } from '../../src/engine/protocol/refusal.ts'
import { matchesFilter } from '../../src/engine/transport/filter.ts'
import type { Link, LinkOwner } from '../../src/engine/transport/link.ts'
import { socketNetwork } from '../../src/engine/transport/sockets.ts'

const KINDS: ReadonlySet<number> = new Set(Object.values(WALLET_EVENT_KINDS))

/**
 * The door of a router (src/engine/transport/door.ts: sockets, NIP-42, what may be subscribed to, limits), behind it
 * somebody who passes on what goes between wallets and those who use them. A router does not: its door is the same.
 */
export const openNwcDoor = async () => {
  const secp = await openSecp256k1()
  const links = new Map<PubKey, Link>()
  const infos: Signed[] = []
  /** What was passed on. */
  const passed: Signed[] = []
  const owner: LinkOwner = {
    authenticated: (link, key) => void links.set(key, link),
    event(link, text) {
      const read = readEvent(text, { verifier: secp })
      if (isRefusal(read) || !KINDS.has(read.event.kind)) return link.offend()
      const { event } = read
      if (event.kind === WALLET_EVENT_KINDS.info) infos.push(event)
      else {
        passed.push(event)
        void links.get(tagValue(event, 'p') as PubKey)?.send({ event, text })
      }
      link.taken()
      link.answer(event.id, true, '')
    },
    frame: (link) => link.offend(),
    closed(link) {
      for (const [key, its] of links) if (its === link) links.delete(key)
    },
  }
  const network = socketNetwork({ clock: systemClock, random: systemRandom })
  const { address, close } = await network.listen(
    {
      hostname: '127.0.0.1',
      port: 0,
      key: newSigner(secp, systemRandom).pubkey,
      name: 'door',
      verifier: secp,
      stored: (filter) =>
        infos.filter((it) => matchesFilter(filter, it)).map((it) => eventText(it)),
    },
    owner,
  )
  return { url: address, passed, close }
}
