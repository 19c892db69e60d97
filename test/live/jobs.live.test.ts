// Whole jobs that are paid from alice's lnd to bob's over carol's, on each timing, and a router that takes its fee at
// carol's: the same cases as over LDK (test/lightning), on btcd and three lnds (scripts/live/lightning.ts).
import { afterAll, setDefaultTimeout } from 'bun:test'
import { startLightning } from '../../scripts/live/lightning.ts'
import { ensureLnd } from '../../scripts/live/lnd.ts'
import { systemClock } from '../../src/engine/base/clock.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { feeCases } from '../lightning/fee-cases.ts'
import { holdCases } from '../lightning/hold-cases.ts'
import { jobCases } from '../lightning/job-cases.ts'
import { loudly } from './llama.ts'
import { lndEnds } from './lnd-ends.ts'

setDefaultTimeout(300_000)

const programs = await ensureLnd()
const net = 'missing' in programs ? undefined : await startLightning(programs)
if ('missing' in programs) {
  if (process.env.FEDAI_LIVE === 'required') throw new Error(programs.missing)
  loudly('whole jobs of each timing over a real lnd', programs.missing)
}
afterAll(() => net?.stop())

const seams = {
  clock: systemClock,
  random: systemRandom,
  secp: await openSecp256k1(),
  net: 'regtest',
} as const

if (net)
  for (const cases of [jobCases, holdCases, feeCases]) cases('real lnd', () => lndEnds(net, seams))
