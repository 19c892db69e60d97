import { expect } from 'bun:test'
import { audit } from '../../src/engine/metering/audit.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { document } from '../../src/engine/protocol/intake.ts'
import type { Message } from '../../src/engine/protocol/messages.ts'
import { jobTagOf } from '../../src/engine/protocol/frames.ts'
import { isRefusal } from '../../src/engine/protocol/refusal.ts'
import type { Asked, World } from './world.ts'

const secp = await openSecp256k1()

/**
 * What must hold in every network, whatever went wrong in it: checked on the record of all that
 * crossed a link, with the same audit that `fedai verify` runs.
 */
export const checkInvariants = (world: World, asked: readonly Asked[]): void => {
  const messages = world.recorded.events
    .map(({ text }) => messageOf(text))
    .filter((it) => it !== null)
  expect(world.faults).toEqual([])
  expect(duplicates(acceptances(messages))).toEqual([])
  expect(duplicates(receipts(messages).map((it) => `${it.body.job} ${it.body.ticket}`))).toEqual([])
  // Signatures, who signed for whom, cost = rates × usage, cost ≤ ceiling, one chain without forks.
  expect(audit(messages).findings.filter((it) => !it.ok)).toEqual([])
  for (const { body } of receipts(messages)) {
    const prefill = body.status === 'client_cancelled' && body.commit.frames === 0
    if (body.commit.frames === 0 && !prefill) expect(body.cost).toBe(0n as typeof body.cost)
  }
  expect(piecesAfterEnd(world)).toEqual([])
  const ends = endsOf(world)
  for (const { news, outcome } of asked) {
    expect(outcome).toBeDefined()
    expect(news.filter((it) => it.type === 'ended')).toHaveLength(1)
    expect(news.at(-1)?.type).toBe('ended')
    if (!outcome!.receipt) expect(outcome!.cost).toBe(0n as never)
    expect(outcome!.cost <= outcome!.ceiling || outcome!.ceiling === 0n).toBe(true)
    expect(outcome!.verified).not.toBe(false)
    // What is called good is whole: its last frame has come.
    if (outcome!.fault === null) {
      expect(['ok', 'partial']).toContain(outcome!.receipt!.status)
      expect(ends.has(jobTagOf(outcome!.job, outcome!.receipt!.ticket))).toBe(true)
    }
  }
}

const messageOf = (text: string): Message | null => {
  const message = document(text, { verifier: secp })
  return isRefusal(message) ? null : message
}

const acceptances = (messages: readonly Message[]): string[] =>
  messages.flatMap((it) =>
    it.name === 'progress' && it.body.status === 'accepted' ? [it.body.ticket] : [],
  )

const receipts = (messages: readonly Message[]): Message<'receipt'>[] =>
  messages.filter((it) => it.name === 'receipt')

const duplicates = (keys: readonly string[]): string[] =>
  keys.filter((key, i) => keys.indexOf(key) !== i)

/** Output frames of a tag with a higher seq than the one flagged last. */
const piecesAfterEnd = (world: World): string[] => {
  const ends = endsOf(world)
  return world.recorded.frames.flatMap(({ frame }) =>
    frame.type === 'output' && frame.seq > (ends.get(frame.tag) ?? Infinity)
      ? [`${frame.tag} ${frame.seq}`]
      : [],
  )
}

/** The seq of the frame flagged last, by tag. */
const endsOf = (world: World): ReadonlyMap<string, number> =>
  new Map(
    world.recorded.frames.flatMap(({ frame }) =>
      frame.type === 'output' && frame.last ? [[frame.tag as string, frame.seq]] : [],
    ),
  )
