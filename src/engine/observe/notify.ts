import type { Clock } from '../base/clock.ts'
import { sendDatagram } from './datagram.ts'

/** Tells systemd how this daemon does (sd_notify(3)). Without systemd each call does nothing. */
export interface Notifier {
  /** The daemon does its work from now on. */
  ready(status: string): void
  status(text: string): void
  /** The start, or the stop, takes up to that long from now: no timeout of the unit strikes before. */
  extend(ms: number): void
  stopping(status: string, withinMs: number): void
  /** Tells the watchdog that we live, for as long as `alive` says so. Returns what ends it. */
  watch(alive: () => boolean): () => void
}

type Options = Readonly<{
  env: Readonly<Record<string, string | undefined>>
  clock: Clock
  pid?: number
  send?: (path: string, text: string) => boolean
}>

/** The notifier of this process, by NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. */
export const openNotifier = ({
  env,
  clock,
  pid = process.pid,
  send = sendDatagram,
}: Options): Notifier => {
  const path = env['NOTIFY_SOCKET'] ?? ''
  // vsock: and relative paths are not for us (sd_notify(3), environment).
  const tell = (...lines: string[]): void => {
    if (/^[/@]./.test(path)) send(path, lines.join('\n'))
  }
  return {
    ready: (status) => tell('READY=1', `STATUS=${oneLine(status)}`),
    status: (text) => tell(`STATUS=${oneLine(text)}`),
    extend: (ms) => tell(`EXTEND_TIMEOUT_USEC=${Math.ceil(ms) * 1000}`),
    stopping: (status, withinMs) =>
      tell(
        'STOPPING=1',
        `STATUS=${oneLine(status)}`,
        `EXTEND_TIMEOUT_USEC=${Math.ceil(withinMs) * 1000}`,
      ),
    watch: (alive) => {
      const everyMs = watchdogMs(env, pid)
      return everyMs === undefined
        ? () => {}
        : every(clock, everyMs, () => {
            if (alive()) tell('WATCHDOG=1')
          })
    },
  }
}

/** Half of what the watchdog allows (sd_watchdog_enabled(3)); undefined where it does not watch us. */
const watchdogMs = (env: Options['env'], pid: number): number | undefined => {
  const { WATCHDOG_USEC: usec = '', WATCHDOG_PID: of } = env
  if (!/^[1-9]\d{0,15}$/.test(usec) || (of !== undefined && of !== String(pid))) return undefined
  return Math.max(1, Math.floor(Number(usec) / 2000))
}

const every = (clock: Clock, ms: number, call: () => void): (() => void) => {
  let stop = () => {}
  const again = () => {
    call()
    stop = clock.after(ms, again)
  }
  again()
  return () => stop()
}

// A line end would begin another assignment.
const oneLine = (text: string): string => text.replace(/[\r\n]+/g, ' ')
