// Whole jobs that are paid over real Lightning: the node's wallet is an LDK node, and so is the client's, with a hop
// between them that takes a fee. Once asked directly and once over NIP-47.
import { afterAll } from 'bun:test'
import { ldkEnds, nwcEnds } from './ends.ts'
import { jobCases } from './job-cases.ts'
import { openLightning } from './ldk.ts'
import { shiftingClock } from './shifting-clock.ts'

const clock = shiftingClock()
const lightning = await openLightning(clock)
afterAll(() => lightning.close())

jobCases('LDK nodes that are asked directly', async () => ldkEnds(lightning, clock))
jobCases('LDK nodes that are asked over NWC', () => nwcEnds(lightning, clock))
