import type { UnixMs } from '../base/clock.ts'
import type { PubKey } from '../protocol/ids.ts'
import { REST_MS, type Tab, isResting } from './tab-rows.ts'

/** What a node lets go from memory of its tabs (tab.ts). All of it is in the ledger. */

/** Draws that ended so long ago that no ticket of theirs lives. */
export const forgetEnded = (ended: Map<string, UnixMs>, now: UnixMs): void => {
  for (const [place, at] of ended) {
    if (now - at < ENDED_MS && ended.size <= MOST_ENDED) return
    ended.delete(place)
  }
}

/**
 * Tabs that rest.
 * @param looked when they were looked through last
 */
export const forgetResting = (
  tabs: Map<PubKey, Tab>,
  looked: { at: UnixMs },
  now: UnixMs,
): void => {
  if (Math.abs(now - looked.at) < LOOK_MS) return
  looked.at = now
  for (const [key, tab] of tabs) if (isResting(tab, now)) tabs.delete(key)
}

/** A ticket lives 5 minutes at most, or as long as it is held, and clocks may differ by one. */
const ENDED_MS = 600_000
/** The ledger itself knows all that were ever taken, and takes none twice. */
const MOST_ENDED = 100_000
/** How often all tabs are looked at. */
const LOOK_MS = REST_MS / 4
