// 64 streams at the runner's own speed, through fedai and straight from the runner, in turns; then one
// reader that stops for 5 s while 63 others stream. Runner, router and node are processes of their own.
//   bun bench/streams.ts [TOKENS A SECOND AND STREAM]
import { join } from 'node:path'
import { openClient } from '../src/engine/roles/client/client.ts'
import { type Party, WISH, at, newFolder, spawnParty, stopParties } from './parties.ts'

const TARGETS = { rate: 0.9, others: 0.95, growthMb: 16 }
const [STREAMS, ROUNDS, STOP_MS] = [64, 3, 5_000]
const perSecond = Number(process.argv[2] ?? 50)
const paceMs = 1000 / perSecond
const short = { tokens: 4 * perSecond, paceMs }
const long = { tokens: 14 * perSecond, paceMs }

/** Words of one direct stream. */
const direct = async (url: string): Promise<number> => {
  const body = JSON.stringify({ model: 'bench-model', stream: true, ...(WISH.input as object) })
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })
  let words = 0
  const decoder = new TextDecoder()
  for await (const bytes of response.body!)
    words += decoder.decode(bytes, { stream: true }).split('"content":"word').length - 1
  return words
}

const network = async (runner: Party, folder: string) => {
  const bounds = { jobsPerLink: 256 }
  const router = await spawnParty('router', { ledger: join(folder, 'router', 'ledger.db'), bounds })
  const given = { router: router.ready, runner: runner.ready.url, slots: STREAMS, queue: 0, bounds }
  await spawnParty('node', { ...given, ledger: join(folder, 'node', 'ledger.db') })
  const clients = await Promise.all(
    Array.from({ length: 4 }, () => openClient({ router: router.ready, net: 'sim' })),
  )
  await Bun.sleep(1_500)
  return { router, clients }
}

const wish = { ...WISH, outTokens: 2048, deadlineMs: 120_000 }

try {
  const folder = newFolder()
  const runner = await spawnParty('paced', short)
  const { clients } = await network(runner, join(folder, 'a'))
  const through = async (i: number): Promise<number> => {
    let words = 0
    for await (const news of clients[i % clients.length]!.request(wish)) {
      if (news.type === 'piece') words += news.text.split(' ').length - 1
      if (news.type === 'ended' && news.outcome.fault) throw news.outcome.fault
    }
    return words
  }
  /** Words per second of 64 streams at once. */
  const rate = async (one: (i: number) => Promise<number>): Promise<number> => {
    const since = performance.now()
    const words = await Promise.all(Array.from({ length: STREAMS }, (_, i) => one(i)))
    return (words.reduce((a, b) => a + b, 0) * 1000) / (performance.now() - since)
  }
  const ratios: number[] = []
  const rates: [number, number][] = []
  for (let round = 0; round < ROUNDS; round++) {
    const straight = await rate(() => direct(runner.ready.url))
    const sealed = await rate(through)
    rates.push([straight, sealed])
    ratios.push(sealed / straight)
  }
  for (const client of clients) await client.close()
  stopParties()

  const slow = await spawnParty('paced', long)
  const second = await network(slow, join(newFolder(), 'b'))
  const readers = Array.from({ length: STREAMS }, () => 0)
  let release = (): void => {}
  const stopped = new Promise<void>((resolve) => (release = resolve))
  let stopping = false
  const reading = readers.map(async (_, i) => {
    for await (const news of second.clients[i % second.clients.length]!.request(wish)) {
      if (news.type === 'piece') readers[i]! += news.text.split(' ').length - 1
      if (news.type === 'ended' && news.outcome.fault) throw news.outcome.fault
      if (i === 0 && stopping) await stopped
    }
  })
  const others = (): number => readers.slice(1).reduce((a, b) => a + b, 0)
  await Bun.sleep(2_000)
  const measure = async (): Promise<number> => {
    const [before, since] = [others(), performance.now()]
    await Bun.sleep(STOP_MS)
    return ((others() - before) * 1000) / (performance.now() - since)
  }
  const usual = await measure()
  const before = await second.router.used()
  stopping = true
  const meanwhile = await measure()
  const after = await second.router.used()
  release()
  await Promise.all(reading)
  for (const client of second.clients) await client.close()

  const kept = meanwhile / usual
  const growth = (after.rss - before.rss) / 1e6
  const [straight, sealed] = [0, 1].map((i) =>
    at(
      rates.map((it) => it[i]!),
      0.5,
    ),
  )
  process.stdout.write(
    `${STREAMS} streams at ${perSecond} words a second each, words/s (medians of ${ROUNDS} rounds)\n` +
      `straight from the runner   ${straight!.toFixed(0)}\n` +
      `through router and node    ${sealed!.toFixed(0)}   ${at(ratios, 0.5).toFixed(2)} × (≥ ${TARGETS.rate})\n` +
      `one reader stops for ${STOP_MS / 1000} s\n` +
      `the others                 ${meanwhile.toFixed(0)} words/s, ${kept.toFixed(2)} × before (≥ ${TARGETS.others})\n` +
      `the router                 grew by ${growth.toFixed(1)} MB RSS (≤ ${TARGETS.growthMb})\n` +
      `every stream came whole    ${readers.every((it) => it === long.tokens) ? 'yes' : 'NO'}\n`,
  )
  const met =
    at(ratios, 0.5) >= TARGETS.rate && kept >= TARGETS.others && growth <= TARGETS.growthMb
  process.exitCode = met && readers.every((it) => it === long.tokens) ? 0 : 1
} finally {
  stopParties()
}
