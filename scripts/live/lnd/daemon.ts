import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { hasProgram } from '../cache.ts'

/** A program that runs in the background until it is ended. */
export type Daemon = Readonly<{
  pid: number
  /** TERM, then KILL after ten seconds. */
  stop(): Promise<void>
  /** KILL at once; settles when it is gone. */
  kill(): Promise<void>
}>

/** Starts a program with nothing on its streams. The kernel ends it with us (setpriv, util-linux). */
export const startDaemon = (program: string, args: readonly string[]): Daemon => {
  const guarded = hasProgram('setpriv')
    ? ['setpriv', '--pdeathsig', 'SIGKILL', program, ...args]
    : [program, ...args]
  const child = execa(guarded[0]!, guarded.slice(1), {
    buffer: false,
    cleanup: true,
    reject: false,
    stdio: 'ignore',
    extendEnv: false,
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: '/nonexistent' },
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${program} could not be started`)
  const gone = child.then(() => {})
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    if (await Promise.race([gone.then(() => true), sleep(10_000, false, { ref: false })])) return
    child.kill('SIGKILL')
    await gone
  }
  return { pid, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
}

/** So many ports of this machine that were free just now. */
export const freePorts = (count: number): number[] => {
  const listeners = Array.from({ length: count }, () =>
    Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } }),
  )
  for (const it of listeners) it.stop(true)
  return listeners.map((it) => it.port)
}
