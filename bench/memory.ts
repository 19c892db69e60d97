// Memory of a router with 1,000 nodes that wait and 10,000 tickets. Router and nodes are processes of
// their own.
//   bun bench/memory.ts
import { join } from 'node:path'
import { newFolder, spawnParty, stopParties } from './parties.ts'

const TARGET_MB = 150
const [PROCESSES, NODES, SLOTS, QUEUE] = [4, 250, 5, 1]

try {
  const ledger = join(newFolder(), 'router', 'ledger.db')
  // All come from one address here, and live for as long as it takes to look.
  const bounds = { keysPerAddress: 10_000, ticketLifeMs: 240_000 }
  const router = await spawnParty('router', { ledger, bounds })
  const mb = async (): Promise<number> => (await router.used()).rss / 1e6
  const empty = await mb()
  const given = { router: router.ready, bounds, nodes: NODES, slots: SLOTS, queue: QUEUE }
  for (let i = 0; i < PROCESSES; i++) await spawnParty('nodes', given)
  await Bun.sleep(10_000)
  const { nodes, tickets } = await router.figures()
  const full = await mb()
  process.stdout.write(
    `router alone            ${empty.toFixed(0)} MB RSS\n` +
      `${nodes} nodes, ${tickets} tickets  ${full.toFixed(0)} MB RSS (≤ ${TARGET_MB})\n`,
  )
  const whole = nodes === PROCESSES * NODES && tickets === nodes * SLOTS * (1 + QUEUE)
  process.exitCode = whole && full <= TARGET_MB ? 0 : 1
} finally {
  stopParties()
}
