import { BOUNDS } from '../base/bounds.ts'
import { seededRandom } from '../base/random.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import type { EventId } from '../protocol/ids.ts'
import { goodbyes } from './allowance.ts'
import { counter } from './counter.ts'
import { DoorLink } from './door-link.ts'
import type { DoorSocket } from './door.ts'
import { doorOptions, newKey, recorder } from './link.fixtures.ts'
import { Turn } from './turn.ts'

/** A link on a socket that writes down what is done to it. */
export const linked = (turn = new Turn()) => {
  const calls: string[] = []
  const socket = {
    takes: true,
    buffered: 0,
    send: (message: unknown) => {
      calls.push(
        message instanceof Uint8Array
          ? `frame ${message.length}`
          : String(message).replace(/^\["OK","0*(\d+)".*/, 'OK $1'),
      )
      return socket.takes ? 1 : 0
    },
    cork: (say: () => unknown) => {
      calls.push('{')
      say()
      calls.push('}')
    },
    getBufferedAmount: () => socket.buffered,
    close: () => void calls.push('close'),
    terminate: () => void calls.push('terminate'),
  }
  const clock = virtualClock()
  const house = {
    door: doorOptions(newKey().pubkey),
    owner: recorder().owner,
    clock,
    random: seededRandom(1),
    bounds: BOUNDS,
    keys: counter(8),
    goodbyes: goodbyes(clock),
    turn,
    isOurs: () => true,
  }
  const door = new DoorLink(socket as DoorSocket, '127.0.0.1', house)
  const answer = (id: number) => door.answer(String(id).padStart(64, '0') as EventId, true, '')
  return { calls, clock, door, socket, link: { turn, answer } }
}
