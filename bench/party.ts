// One party of bench/path.ts in a process of its own: `bun bench/party.ts runner|router|node [JSON]`.
// Says `{"ready":…}` to its parent, and answers the message `cpu` with its CPU time in µs.
import { silentLog } from '../src/engine/base/log.ts'
import { systemClock } from '../src/engine/base/clock.ts'
import { systemRandom } from '../src/engine/base/random.ts'
import { openSecp256k1 } from '../src/engine/identity/secp256k1.ts'
import { newSigner } from '../src/engine/identity/signer.ts'
import { openNode } from '../src/engine/roles/node/node.ts'
import { PLAY_PRICES } from '../src/engine/roles/node/prices.ts'
import { openRouter } from '../src/engine/roles/router/router.ts'
import { openaiRunner } from '../src/engine/runners/openai.ts'
import { openStore } from '../src/engine/storage/sqlite.ts'
import { socketNetwork } from '../src/engine/transport/sockets.ts'
import { fakeOpenai } from '../test/fakes/runner.ts'

const [role, json = '{}'] = process.argv.slice(2)
const given = JSON.parse(json)

/** A runner that costs nothing: an OpenAI stream of four words, at once. */
const runner = async () => ({ url: fakeOpenai({ model: 'bench-model' }).url })

const party = async () => {
  const secp = await openSecp256k1(given.secp)
  return {
    secp,
    signer: newSigner(secp, systemRandom),
    net: 'sim' as const,
    network: socketNetwork({ clock: systemClock, random: systemRandom }),
    store: await openStore(given.ledger),
    log: silentLog,
    software: 'bench',
    // A benchmark measures the path: nobody here is a stranger to be held back.
    bounds: { asksPerSecondUnknown: 1e6, openJobsUnknown: 1e6, heldTicketsUnknown: 1e6 },
    broken: (fault: Error) => {
      throw fault
    },
  }
}

const router = async () => {
  const common = await party()
  const { key, address } = await openRouter({
    ...common,
    hostname: '127.0.0.1',
    port: 0,
    name: 'bench',
  })
  return { key, address, backend: common.secp.backend }
}

const node = async () => {
  const runners = [await openaiRunner(given.runner, { slots: 8 })]
  const { key } = await openNode({
    ...(await party()),
    routers: [given.router],
    runners,
    rows: PLAY_PRICES,
  })
  return { key }
}

const roles: Record<string, () => Promise<object>> = { runner, router, node }
process.on('message', (message) => {
  if (message !== 'cpu') return
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: user + system })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ ready: await roles[role!]!() })
