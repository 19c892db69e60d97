import { expect } from 'bun:test'
import { openFakeRelay, type RelayMischief } from '../../../test/fakes/relay.ts'
import { shiftingClock } from '../../../test/lightning/shifting-clock.ts'
import type { Bounds } from '../base/bounds.ts'
import { toSec } from '../base/clock.ts'
import type { Fault } from '../base/fault.ts'
import { seededRandom } from '../base/random.ts'
import type { Signed } from '../protocol/event.ts'
import { WALLET_EVENT_KINDS } from '../protocol/kinds.ts'
import { newKey, secp } from './link.fixtures.ts'
import { dialRelay, type Relay } from './relay.ts'

/** Relays that are fakes, and what a dialled one has said. */

export const closing: (() => unknown)[] = []
export const closeAll = async (): Promise<void> => {
  for (const close of closing.splice(0).reverse()) await close()
}

export const KIND = WALLET_EVENT_KINDS.response
export const me = newKey()
export const author = newKey()

export const openRelay = async (mischief: Partial<RelayMischief> = {}) => {
  const relay = await openFakeRelay(mischief)
  closing.push(relay.close)
  return relay
}

export const dial = (address: string, bounds: Partial<Bounds> = {}) => {
  const clock = shiftingClock()
  const heard: Signed[] = []
  const troubles: Fault[] = []
  const sinces: number[] = []
  let readies = 0
  const relay: Relay = dialRelay(
    address,
    {
      signer: me,
      bounds,
      filters() {
        sinces.push(toSec(clock.now()) - 60)
        return [{ kinds: [KIND], '#p': [me.pubkey], since: sinces.at(-1)! }]
      },
      onEvent: (event) => heard.push(event),
      onReady: () => readies++,
      onTrouble: (fault) => troubles.push(fault),
    },
    { clock, random: seededRandom(3), verifier: secp },
  )
  closing.push(relay.close)
  return {
    relay,
    clock,
    heard,
    troubles,
    sinces,
    ready: (times = 1) => until(() => readies >= times),
    /** Puts the clock forward while it waits: attempts and answers have their times. */
    trouble: async (pattern: RegExp) => {
      await until(() => {
        clock.shift(20)
        return troubles.length > 0
      })
      expect(`${troubles[0]!.code} ${troubles[0]!.message}`).toMatch(pattern)
    },
  }
}

export const until = async (check: () => boolean): Promise<void> => {
  for (let i = 0; i < 2_000 && !check(); i++) await Bun.sleep(1)
  expect(check()).toBe(true)
}

let n = 0
export const eventFor = (over: { to?: string; kind?: number; ageSec?: number } = {}): Signed =>
  author.sign({
    kind: over.kind ?? KIND,
    created_at: (toSec(Date.now() as never) - (over.ageSec ?? 0)) as never,
    tags: [['p', over.to ?? me.pubkey]],
    content: `${n++}`,
  })
