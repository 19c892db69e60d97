import { BOUNDS, type Bounds } from '../base/bounds.ts'
import { toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import type { Random } from '../base/random.ts'
import { authDraft, checkAuth } from './auth.ts'
import { keepTrying } from './backoff.ts'
import type { LinkOwner, Listening } from './link.ts'
import { type LinkFaults, MemoryPipe, type MemoryWorld, type Side } from './memory-pipe.ts'
import type { Dialled, DialOptions, DoorOptions, Network } from './network.ts'
import { trouble } from './trouble.ts'

export type MemoryOptions = Readonly<{
  clock: Clock
  random: Random
  /** One way, ms. Default 1. */
  latencyMs?: number
  /** Up to so much more, drawn for each message, ms. Default 0. */
  jitterMs?: number
  /** None: everything arrives, in order. `event` covers events and their answers. */
  faults?: LinkFaults
  bounds?: Partial<Bounds>
}>

export interface MemoryNetwork extends Network {
  /**
   * Holds everything on the links to this address, of this dialling key, or on these links, until `heal`;
   * an address or a key is not connected either. With a `side`, only what that end sends is held. Links
   * that are held for `linkLostMs` break: one way is enough, a ping wants its answer.
   */
  partition(which: string | readonly number[], side?: Side): void
  /** Ends the partition of one address or key, or all of them. */
  heal(which?: string): void
  /** From now on: the way takes so long, and up to `jitterMs` more. */
  setDelay(latencyMs: number, jitterMs: number): void
  /** Breaks the connection that this link is an end of; what was on its way is lost. */
  cut(link: number): void
  /** From now on. */
  setFaults(faults: LinkFaults | undefined): void
  /** Ids of all open ends, door and dialled. They count from 1 in each network, so that a seed gives one trace. */
  links(): readonly number[]
}

type OpenDoor = { options: DoorOptions; owner: LinkOwner }

/** A network within this process: doors at addresses, links with a delay, seeded faults. */
export const memoryNetwork = (options: MemoryOptions): MemoryNetwork => {
  const { clock, random } = options
  const bounds: Bounds = { ...BOUNDS, ...options.bounds }
  const delay = { latencyMs: options.latencyMs ?? 1, jitterMs: options.jitterMs ?? 0 }
  const world: MemoryWorld = { clock, random, delay, bounds }
  let faults = options.faults
  const doors = new Map<string, OpenDoor>()
  const pipes = new Set<MemoryPipe>()
  const cutOff = new Set<string>()
  let ports = 40_000
  let ids = 0

  const listen = async (door: DoorOptions, owner: LinkOwner): Promise<Listening> => {
    const address = `ws://${door.hostname}:${door.port || ++ports}`
    if (doors.has(address))
      throw new Fault('unavailable', 'door.taken', `${address} is in use`, {
        hint: 'choose another port',
      })
    doors.set(address, { options: door, owner })
    return {
      address,
      async close() {
        doors.delete(address)
        for (const pipe of pipes) if (pipe.address === address) pipe.cut('door closed')
      },
    }
  }

  const connect = (
    address: string,
    dial: DialOptions,
    owner: LinkOwner,
    ended: (trouble: Fault, upMs: number) => void,
  ): MemoryPipe | undefined => {
    const door = doors.get(address)
    if (!door || cutOff.has(address) || cutOff.has(dial.signer.pubkey))
      return void ended(trouble('unreachable', address, ''), 0)
    const proof = prove(address, dial, door, clock, random)
    if (typeof proof === 'string') return void ended(trouble('refused', address, proof), 0)
    const since = clock.ticks()
    const pipe = new MemoryPipe(world, () => faults, address, [++ids, ++ids], {
      dialled: owner,
      door: door.owner,
      key: proof.key,
      stored: (filter) => door.options.stored(filter),
      ended: (reason) => {
        pipes.delete(pipe)
        ended(trouble('closed', address, reason), clock.ticks() - since)
      },
    })
    pipes.add(pipe)
    pipe.open(proof.id)
    return pipe
  }

  const dial = (address: string, dialOptions: DialOptions, owner: LinkOwner): Dialled => {
    const stop = keepTrying(
      (ended) => {
        let pipe: MemoryPipe | undefined
        // There and back, twice: the handshake, then challenge, AUTH, REQ, EOSE.
        const cancel = clock.after(4 * delay.latencyMs, () => {
          pipe = connect(address, dialOptions, owner, ended)
        })
        return () => {
          cancel()
          pipe?.hangUp()
        }
      },
      { clock, random },
      dialOptions.onTrouble,
    )
    return { address, close: stop }
  }

  return {
    listen,
    dial,
    partition(which, side) {
      if (typeof which === 'string') cutOff.add(which)
      for (const pipe of pipes)
        if (typeof which === 'string' ? pipe.belongsTo(which) : pipe.hasEnd(which)) pipe.hold(side)
    },
    heal(which) {
      if (which === undefined) cutOff.clear()
      else cutOff.delete(which)
      for (const pipe of pipes) if (which === undefined || pipe.belongsTo(which)) pipe.letGo()
    },
    setDelay(latencyMs, jitterMs) {
      Object.assign(delay, { latencyMs, jitterMs })
    },
    cut(link) {
      for (const pipe of pipes) if (pipe.hasEnd([link])) pipe.cut('connection broke')
    },
    setFaults(next) {
      faults = next
    },
    links: () => [...pipes].flatMap((pipe) => pipe.openEnds()),
  }
}

const prove = (
  address: string,
  dial: DialOptions,
  door: OpenDoor,
  clock: Clock,
  random: Random,
): ReturnType<typeof checkAuth> => {
  const challenge = toHex(random.bytes(16))
  return checkAuth(dial.signer.sign(authDraft(address, challenge, clock.now())), {
    challenge,
    now: clock.now(),
    verifier: door.options.verifier,
    isOurs: (relay) => relay === address,
  })
}
