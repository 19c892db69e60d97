// A router's fee over real Lightning: the client's LDK node pays it, and the node of the job beside it.
import { afterAll } from 'bun:test'
import { ldkEnds, nwcEnds } from './ends.ts'
import { feeCases } from './fee-cases.ts'
import { openLightning } from './ldk.ts'
import { shiftingClock } from './shifting-clock.ts'

const clock = shiftingClock()
const lightning = await openLightning(clock)
afterAll(() => lightning.close())

feeCases('LDK nodes that are asked directly', async () => ldkEnds(lightning, clock))
feeCases('LDK nodes that are asked over NWC', () => nwcEnds(lightning, clock))
