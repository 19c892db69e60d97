import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import { dialSocket } from './dial.ts'
import { openDoor } from './door.ts'
import type { Network } from './network.ts'

export type SocketSeams = Readonly<{ clock: Clock; random: Random; log?: Log }>

/** The network of real WebSockets. */
export const socketNetwork = (seams: SocketSeams): Network => ({
  listen: async (door, owner) => openDoor(door, owner, seams),
  dial: (address, options, owner) => dialSocket(address, options, owner, seams),
})
