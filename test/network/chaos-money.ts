import type { Random } from '../../src/engine/base/random.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import type { Wish } from '../../src/engine/roles/client/news.ts'
import type { Capability, Piece } from '../../src/engine/runners/runner.ts'
import { type Script, scriptedChat } from '../fakes/scripted-runner.ts'
import type { Party } from './life.ts'
import type { Asked, World } from './world.ts'

/** What is drawn for networks in which nodes are paid (chaos.ts): how each job is paid, who dies, what wallets do. */

/** A summary costs as many msat as it reads bytes: some less than an invoice can carry, some more. */
const rows: typeof PLAY_PRICES = PLAY_PRICES.map((row) =>
  row.task === 'text.summarize' ? { ...row, rates: { byte: '1000000' } } : row,
)
export const PAID = { purse: 1_000_000n, rows } as const

/** Beside chats, which stream, there are jobs that `hold` can pay. */
export const paidCapabilities = (): Capability[] => {
  const limits = { inputBytes: 200_000, outTokens: 100_000 }
  return [
    { ...scriptedChat(), limits },
    { ...scriptedChat('scripted-summary'), task: 'text.summarize@1', limits },
  ]
}

/** One job with a way of paying; every way is as likely, and by none that is named a client takes `before`. */
export const paidWish = (random: Random, wish: Partial<Wish>): Partial<Wish> => {
  const timing = ([null, 'before', 'stream', 'after', 'hold'] as const)[random.below(5)]!
  if (timing === null) return { ...wish, outTokens: MOST_TOKENS }
  const timings = [timing]
  if (timing !== 'hold') return { ...wish, outTokens: MOST_TOKENS, timings }
  const { content } = (wish.input as { messages: { content: string }[] }).messages[0]!
  return { ...wish, task: 'text.summarize@1', input: { input: content }, outTokens: 0, timings }
}

/** Tokens are as many as bytes: a few jobs use up what a tab is first paid with. */
export const dearPieces = (words: readonly string[]): Piece[] => {
  let out = 0
  return words.map((text) => {
    out = Math.min(out + text.length, MOST_TOKENS)
    return { delta: { text }, usage: { in_token: 5, out_token: out } }
  })
}

export const summaryPieces = (words: readonly string[]): Piece[] =>
  words.map((text) => ({ delta: { text }, usage: { byte: 1 } }))

const MOST_TOKENS = 4_000

/** Clients whose keys have bought much: they have credit. Unless all is gentle, they can pay nothing for a while then. */
export const earn = async (
  world: World,
  random: Random,
  asked: Asked[],
  isGentle: boolean,
): Promise<void> => {
  const bank = world.bank!
  for (const { client } of world.clients) {
    const input = { messages: [{ role: 'user', content: HISTORY }] }
    const it = world.request(client!, { input, outTokens: 60_000, timings: ['before'] })
    it.text = HISTORY_WORDS.join('')
    asked.push(it)
    const isPaid = () => it.news.some(({ type }) => type === 'paid')
    for (let waited = 0; waited < 20_000 && !it.outcome; waited += 100) {
      await world.clock.advance(100)
      bank.down = isPaid()
    }
    bank.down = false
  }
  if (isGentle) return
  bank.down = true
  world.clock.after(random.below(20_000), () => (bank.down = false))
}

const HISTORY = 'history'
const HISTORY_WORDS = Array.from({ length: 6 }, () => 'x'.repeat(10_000))

export const isHistory = (input: unknown): boolean =>
  JSON.stringify(input).includes(`"content":"${HISTORY}"`)

export const historyScript: Script = {
  pieces: HISTORY_WORDS.map((text, i) => ({
    delta: { text },
    usage: { in_token: 5, out_token: (i + 1) * 10_000 },
  })),
}

/** A client and a node that both die at one of their next deeds. */
export const armBoth = (world: World, random: Random): void => {
  for (const parties of [world.clients, world.nodes] as readonly (readonly Party[])[]) {
    const party = parties[random.below(parties.length)]!
    const side = random.below(2) === 0 ? 'before' : 'after'
    party.crash = { at: party.deeds.length + 1 + random.below(120), side }
  }
}

/**
 * Everybody lives and is to die no more, until every payment has an end: what is held is let go of within 90 s,
 * and what was written and perhaps not sent is called failed when nobody can pay it any more.
 */
export const untilSettled = async (world: World): Promise<void> => {
  for (const party of [world.routerParty, ...world.nodes, ...world.clients]) {
    party.crash = null
    await world.start(party)
  }
  const isOpen = () =>
    world.clients.some(({ store }) =>
      store.money.payments(1_000).some(({ state }) => state !== 'settled' && state !== 'failed'),
    )
  for (let waited = 0; waited < SETTLED_MS && isOpen(); waited += 10_000)
    await world.clock.advance(10_000)
}

const SETTLED_MS = 900_000

/** How jobs were paid for that cost something; those of a session without a tab apart. */
export const timingsOf = (asked: readonly Asked[]): string[] =>
  asked.flatMap(({ outcome }) => {
    const { draw, job } = outcome?.bundle ?? {}
    if (!draw || !outcome?.receipt || outcome.cost === 0n) return []
    const { timing } = JSON.parse(draw.content) as { timing: string }
    // With the tab off the key of the session pays.
    return [draw.pubkey === job?.pubkey ? `${timing}, tab off` : timing]
  })
