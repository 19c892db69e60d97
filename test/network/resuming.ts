// Streams of six seconds whose links break, for the tests of what goes on then.
import { expect } from 'bun:test'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import type { Client } from '../../src/engine/roles/client/news.ts'
import { checkInvariants } from './invariants.ts'
import type { Party } from './life.ts'
import { type Asked, World } from './world.ts'

/** Sixty words, one each 100 ms: six seconds of stream. */
export const words = Array.from({ length: 60 }, (_, i) => `word${i} `)
export const text = words.join('')
export const script = { pieces: textPieces(words), pieceMs: 100 }

export const start = async (options: { nodes?: number; seed?: number; words?: string[] } = {}) => {
  const it = new World({ seed: options.seed ?? 11 })
  await it.startRouter()
  const mine = options.words ? { ...script, pieces: textPieces(options.words) } : script
  const runners = Array.from({ length: options.nodes ?? 1 }, () =>
    scriptedRunner(mine, { clock: it.clock }),
  )
  for (const runner of runners) await it.addNode([runner])
  await it.clock.advance(1_000)
  const client = await it.addClient()
  await it.clock.advance(100)
  return { it, client, runners, clientParty: it.clients[0]!, nodeParty: it.nodes[0]! }
}

/** Its connection breaks, and it cannot make another one until it is back. */
export const away = (it: World, party: Party): void => {
  it.memory.partition(party.signer.pubkey)
  for (const id of party.life!.linkIds()) it.memory.cut(id)
}
export const back = (it: World, party: Party): void => it.memory.heal(party.signer.pubkey)

/** Longest that a dial waits while it knocks often (backoff.ts), and some for the handshake. */
export const DIAL_MS = 1_550

export const calm = async (it: World, ...asked: Asked[]): Promise<void> => {
  await it.clock.advance(150_000)
  checkInvariants(it, asked)
  await it.close()
}

export const streamed = async (it: World, client: Client, ms = 2_000): Promise<Asked> => {
  const asked = it.request(client, {})
  await it.clock.advance(ms)
  return asked
}

export const textOf = (asked: Asked): string =>
  asked.news.map((news) => (news.type === 'piece' ? news.text : '')).join('')

export const good = ({ outcome }: Asked): void =>
  expect([outcome?.fault?.code, outcome?.verified, outcome?.receipt?.status]).toEqual([
    undefined,
    true,
    'ok',
  ])

export const linkNews = (asked: Asked): string[] =>
  asked.news.flatMap((news) => (news.type === 'link' ? [news.state] : []))

export const said = (it: World, kind: number) =>
  it.recorded.events.filter((e) => e.event.kind === kind)

export const whole = (asked: Asked): void => {
  good(asked)
  // Every piece once, in order, none missing.
  expect(textOf(asked)).toBe(text)
  expect(asked.outcome!.receipt!.usage).toEqual({ in_token: 5, out_token: words.length })
}
