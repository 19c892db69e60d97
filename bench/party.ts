// One party of a benchmark in a process of its own: `bun bench/party.ts ROLE [JSON]`, started by
// `spawnParty` (bench/parties.ts). Says `{"ready":…}` to its parent, then answers its questions.
import { systemClock } from '../src/engine/base/clock.ts'
import { silentLog } from '../src/engine/base/log.ts'
import { systemRandom } from '../src/engine/base/random.ts'
import type { Secp256k1 } from '../src/engine/identity/seams.ts'
import { openSecp256k1 } from '../src/engine/identity/secp256k1.ts'
import { newSigner } from '../src/engine/identity/signer.ts'
import type { Client } from '../src/engine/roles/client/news.ts'
import type { Wallet } from '../src/engine/payments/wallet.ts'
import { PLAY_PRICES } from '../src/engine/roles/node/prices.ts'
import type { Router } from '../src/engine/roles/router/router.ts'
import { openStore } from '../src/engine/storage/sqlite.ts'
import { socketNetwork } from '../src/engine/transport/sockets.ts'
import { type Load, WISH } from './parties.ts'

const [role, json = '{}'] = process.argv.slice(2)
const given = JSON.parse(json)

/** Durations of the signatures of this process, in ms: each is timed where it is made. */
const timed = { verify: [] as number[], sign: [] as number[] }

const stopwatch = (secp: Secp256k1): Secp256k1 => ({
  ...secp,
  verify(sig, hash, key) {
    const before = performance.now()
    const holds = secp.verify(sig, hash, key)
    timed.verify.push(performance.now() - before)
    return holds
  },
  sign(hash, secret, aux) {
    const before = performance.now()
    const sig = secp.sign(hash, secret, aux)
    timed.sign.push(performance.now() - before)
    return sig
  },
})

// On a busy machine a few of many thousands were interrupted: those say nothing about a signature.
const settled = (times: readonly number[]): number => {
  const limit = 4 * (Float64Array.from(times).toSorted()[times.length >> 1] ?? 0)
  const fair = times.filter((it) => it <= limit)
  return fair.length === 0
    ? 0
    : (fair.reduce((sum, it) => sum + it, 0) / fair.length) * times.length
}

const party = async () => {
  const secp = stopwatch(await openSecp256k1(given.secp))
  return {
    secp,
    signer: newSigner(secp, systemRandom),
    net: 'sim' as const,
    network: socketNetwork({ clock: systemClock, random: systemRandom }),
    log: silentLog,
    software: 'bench',
    // A benchmark measures the path: nobody here is a stranger to be held back.
    bounds: {
      asksPerSecondUnknown: 1e6,
      openJobsUnknown: 1e6,
      heldTicketsUnknown: 1e6,
      ...given.bounds,
    },
    broken: (fault: Error) => {
      throw fault
    },
  }
}

/** What a node charges: what was given, nothing where that or its runner says so. */
const rowsOf = (): typeof PLAY_PRICES => {
  // What is free is not held back until it was credited.
  const rates = given.flood ? {} : given.rates
  if (!rates) return PLAY_PRICES
  const isFree = Object.keys(rates).length === 0 && !given.flood
  return PLAY_PRICES.map((row) => ({
    ...row,
    rates,
    minimum: '0',
    timings: isFree ? ['free'] : row.timings,
  }))
}

/** An account of play money that a node is paid into. */
const till = async (secp: Secp256k1): Promise<Wallet> => {
  const { openSimWallet } = await import('../src/engine/payments/sim/wallet.ts')
  return openSimWallet(given.wallet, { clock: systemClock, random: systemRandom, secp, net: 'sim' })
}

// A party imports what it is and no more: its memory is measured.
const roles: Record<string, () => Promise<object>> = {
  /** A runner that costs nothing: an OpenAI stream of four words, at once. */
  async runner() {
    const { fakeOpenai } = await import('../test/fakes/runner.ts')
    return { url: fakeOpenai({ model: 'bench-model' }).url }
  },

  /** A runner that says a word each `paceMs`. */
  paced: async () => (await import('./upstreams.ts')).pacedOpenai(given),

  /** A proxy that reads nothing. */
  proxy: async () => (await import('./upstreams.ts')).thinProxy(given.runner),

  async router() {
    const { openRouter } = await import('../src/engine/roles/router/router.ts')
    const common = await party()
    const store = await openStore(given.ledger)
    const door = { hostname: '127.0.0.1', port: 0, name: 'bench' }
    router = await openRouter({ ...common, ...door, store })
    return { key: router.key, address: router.address, backend: common.secp.backend }
  },

  async node() {
    const { openNode, openaiRunner, scriptedRunner } = await nodeParts()
    const common = await party()
    const slots = given.slots ?? 8
    const runner = given.runner
      ? await openaiRunner(given.runner, { slots })
      : given.flood
        ? (await import('./upstreams.ts')).flood(given.flood, slots)
        : scriptedRunner(
            {
              pieceMs: given.pieceMs,
              pieces: [1, 2, 3, 4].map((n) => ({
                delta: { text: `word ${n} ` },
                usage: { in_token: 7, out_token: n },
              })),
            },
            { clock: systemClock, slots },
          )
    const store = await openStore(given.ledger)
    const { key } = await openNode({
      ...common,
      store,
      routers: [given.router],
      runners: [runner],
      rows: rowsOf(),
      queue: given.queue ?? 2,
      ...(given.wallet && { money: { wallet: await till(common.secp), store: store.money } }),
    })
    return { key }
  },

  /** Many nodes that wait, each with a key of its own. */
  async nodes() {
    const { openNode, memoryStore, scriptedRunner } = await nodeParts()
    const common = await party()
    for (let i = 0; i < given.nodes; i++)
      await openNode({
        ...common,
        signer: newSigner(common.secp, systemRandom),
        store: memoryStore(),
        routers: [given.router],
        runners: [scriptedRunner({}, { clock: systemClock, slots: given.slots })],
        rows: PLAY_PRICES,
        queue: given.queue,
      })
    return {}
  },

  async clients() {
    const { openClient } = await import('../src/engine/roles/client/client.ts')
    const { secp, bounds } = await party()
    for (let i = 0; i < given.clients; i++)
      clients.push(await openClient({ router: given.router, net: 'sim', secp, bounds }))
    return {}
  },
}

const nodeParts = async () => ({
  ...(await import('../src/engine/roles/node/node.ts')),
  ...(await import('../src/engine/runners/openai.ts')),
  ...(await import('../src/engine/storage/memory.ts')),
  ...(await import('../test/fakes/scripted-runner.ts')),
})

const clients: Client[] = []
let router: Router | undefined

const load = async ({ jobs, open }: { jobs: number; open: number }): Promise<Load> => {
  const since = performance.now()
  const result = { ended: 0, failed: 0, faults: new Set<string>() }
  let begun = 0
  let accepted = 0
  const seen: number[] = []
  const one = async (client: Client): Promise<void> => {
    let mine = 0
    for await (const news of client.request(WISH)) {
      if (news.type === 'accepted') accepted += mine = 1
      if (news.type !== 'ended') continue
      accepted -= mine
      if (!news.outcome.fault) result.ended++
      else {
        result.failed++
        result.faults.add(`${news.outcome.fault.code}: ${news.outcome.fault.message}`)
      }
    }
  }
  const sampling = setInterval(() => seen.push(accepted), 50)
  const loop = async (client: Client): Promise<void> => {
    while (begun < jobs) {
      begun++
      await one(client)
    }
  }
  await Promise.all(Array.from({ length: open }, (_, i) => loop(clients[i % clients.length]!)))
  clearInterval(sampling)
  const middle = seen.toSorted((a, b) => a - b)[seen.length >> 1] ?? 0
  const seconds = (performance.now() - since) / 1000
  return { ...result, faults: [...result.faults].slice(0, 5), seconds, open: middle }
}

/** CPU time so far, and the signatures since the last time this was asked. */
const used = () => {
  const before = process.cpuUsage()
  const signatures = {
    signatures: (settled(timed.verify) + settled(timed.sign)) * 1000,
    verified: timed.verify.length,
    signed: timed.sign.length,
  }
  timed.verify = []
  timed.sign = []
  const { user, system } = process.cpuUsage(before)
  asking += user + system
  return {
    cpu: before.user + before.system - (asking - user - system),
    ...signatures,
    rss: process.memoryUsage.rss(),
  }
}
/** What asking has cost itself, µs. */
let asking = 0

type Question = { question: 'used' | 'figures' | 'load'; jobs: number; open: number }

process.on('message', async (message: Question) => {
  const { question } = message
  const answer =
    question === 'load' ? await load(message) : question === 'used' ? used() : router?.figures()
  process.send?.({ answer })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ ready: await roles[role!]!() })
