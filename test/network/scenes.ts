// What the scenes stand on: a router, nodes that answer four words, and what holds at the end of each.
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { checkInvariants } from './invariants.ts'
import { type Asked, World } from './world.ts'

const words = ['one ', 'two ', 'three ', 'four']

/** A world with a router and so many nodes that answer `words`. */
export const world = async (
  scripts: Parameters<typeof scriptedRunner>[0][],
  options: { slots?: number } = {},
): Promise<World> => {
  const it = new World({ seed: 7 })
  await it.startRouter()
  for (const script of scripts)
    await it.addNode([scriptedRunner(script, { clock: it.clock, slots: options.slots ?? 1 })])
  await it.clock.advance(1000)
  return it
}

/** Lets two minutes pass, checks what always holds, and closes. */
export const ended = async (it: World, ...asked: Asked[]): Promise<void> => {
  await it.clock.advance(120_000)
  checkInvariants(it, asked)
  await it.close()
}

/** Answers `words`, one each 20 ms. */
export const fine = { pieces: textPieces(words), pieceMs: 20 }
