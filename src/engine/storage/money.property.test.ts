import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { World } from './money-world.case.ts'
import { agrees, goesOn, holds, quiesce } from './money-invariants.case.ts'

const STEPS = [
  'go go go go go go fund fund job job job replay deliver deliver twice lose node client answer',
  'settle settle release extend wait expire notify unstick sync hold hold hold drop',
  'crash-node crash-client crash-after-node crash-after-client swap-wallet',
].flatMap((line) => line.split(' '))
type Step = readonly [string, number]

const act = async (world: World, [step, n]: Step): Promise<void> => {
  const { node, client, lightning } = world
  if (step === 'go') {
    for (const party of [node, client]) {
      await party.commit()
      party.answers.shift()?.()
    }
    world.deliver(n, 1)
  } else if (step === 'fund') world.fund(BigInt(10_000 + (n % 5) * 30_000))
  else if (step === 'job')
    world.job(BigInt(n * 40), (['before', 'stream', 'after', 'free'] as const)[n % 4]!)
  else if (step === 'hold') world.fundHold(BigInt(1_000 + n * 20))
  else if (step === 'drop') world.drop(n % 3)
  else if (step === 'replay' && world.draws.length > 0)
    world.messages.push({ to: 'node', draw: world.draws[n % world.draws.length]! })
  else if (step === 'deliver') world.deliver(n, 1)
  else if (step === 'twice') world.deliver(n, 2)
  else if (step === 'lose') world.deliver(n, 0)
  else if (step === 'node') await node.commit()
  else if (step === 'client') await client.commit()
  else if (step === 'answer') (n % 2 ? node : client).answers.shift()?.()
  else if (step === 'settle' || step === 'release' || step === 'extend') world.progress(n, step)
  else if (step === 'wait') world.wait(n * 20)
  else if (step === 'expire') world.wait(130_000)
  else if (step === 'notify')
    for (const hash of [...lightning.invoices.keys()].slice(0, n % 9)) world.status(hash)
  else if (step === 'unstick') lightning.unstick(n)
  else if (step === 'sync') world.sync()
  else if (step === 'swap-wallet') world.payer.swapWallet()
  else if (step.startsWith('crash')) {
    const party = step.endsWith('node') ? node : client
    if (step.includes('after')) await crashAfter(party)
    else party.crash()
  }
}

/** It crashes when its next write is on the disk, and before anybody hears of it. */
const crashAfter = async (party: World['node']): Promise<void> => {
  party.crashAt = { write: party.writes + 1, side: 'after' }
  await party.commit()
  party.crashAt = null
}

const schedule = fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.nat(1_000)), {
  minLength: 20,
  maxLength: 300,
  size: 'max',
})

test('random schedules of jobs on one tab, both sides crashing, the wallets late, lying and repeating themselves', async () => {
  let [moved, jobs, held, alone] = [0n, 0, 0, 0n]
  const kinds = [fc.constantFrom(0n, 5_000n), fc.boolean()] as const
  await fc.assert(
    fc.asyncProperty(schedule, ...kinds, async (steps, credit, off) => {
      const world = new World(credit, off)
      for (const step of steps) {
        await act(world, step)
        holds(world)
      }
      await quiesce(world)
      holds(world)
      agrees(world)
      await goesOn(world)
      moved += world.lightning.moved
      jobs += world.served.size
      held += world.holds.delivered.size
      if (off) alone += world.lightning.moved
    }),
    { numRuns: 1_500, seed: 1 },
  )
  // That something happened at all.
  expect([moved > 1_000_000n, jobs > 100, held > 100, alone > 1_000_000n]).not.toContain(false)
}, 60_000)
