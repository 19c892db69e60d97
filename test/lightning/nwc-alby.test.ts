import { afterAll } from 'bun:test'
import { openFakeRelay } from '../fakes/relay.ts'
import { openLightning } from './ldk.ts'
import { albyCases } from './nwc-alby.ts'
import { shiftingClock } from './shifting-clock.ts'

const clock = shiftingClock()
const lightning = await openLightning(clock)
const relay = await openFakeRelay()
afterAll(async () => {
  lightning.close()
  await relay.close()
})

albyCases(
  'a relay of ours',
  () => lightning,
  clock,
  () => relay.url,
)
