import { unixMs } from '../base/clock.ts'
import { seededRandom } from '../base/random.ts'
import type { Signer } from '../identity/seams.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import { newSigner } from '../identity/signer.ts'
import { draftOf } from '../protocol/draft.ts'
import type { Signed } from '../protocol/event.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import type { Filter, Link, LinkOwner } from './link.ts'
import type { DoorOptions } from './network.ts'

export const secp = await openSecp256k1()
const random = seededRandom(7)
export const newKey = (): Signer => newSigner(secp, random)

/** An owner that writes everything down. */
export const recorder = () => {
  const links: Link[] = []
  const seen: string[] = []
  const texts: string[] = []
  const frames: Uint8Array[] = []
  const proofs: { key: PubKey; auth: EventId }[] = []
  let onEvent: (link: Link, text: string) => void = () => {}
  let onKey: (link: Link) => void = () => {}
  const owner: LinkOwner = {
    authenticated(link, key, auth) {
      links.push(link)
      proofs.push({ key, auth })
      seen.push('authenticated')
      onKey(link)
    },
    event(link, text) {
      texts.push(text)
      seen.push('event')
      onEvent(link, text)
    },
    frame(_, bytes) {
      frames.push(bytes)
      seen.push('frame')
    },
    closed: () => void seen.push('closed'),
  }
  return {
    owner,
    links,
    seen,
    texts,
    frames,
    proofs,
    onEvent: (call: typeof onEvent) => void (onEvent = call),
    onKey: (call: typeof onKey) => void (onKey = call),
  }
}

export const cancelTo = (signer: Signer, to: PubKey, now: number): Signed =>
  signer.sign(
    draftOf('cancel', { job: 'a'.repeat(64), ticket: null, started: false, next: 0 } as never, {
      now: unixMs(now),
      net: 'sim',
      to,
    }),
  )

export const doorOptions = (
  key: PubKey,
  stored: (filter: Filter) => string[] = () => [],
): DoorOptions => ({
  hostname: '127.0.0.1',
  port: 0,
  key,
  name: 'test door',
  stored,
  verifier: secp,
})
