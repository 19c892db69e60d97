import { readFileSync } from 'node:fs'

/**
 * True while a process runs that has this number and, where that is known, started then. A zombie runs
 * no more.
 */
export const lives = ({ pid, started }: { pid: number; started: string | null }): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, and is somebody else's.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  const now = statOf(pid)
  if (now === null) return true
  return now.state !== 'Z' && now.state !== 'X' && (started === null || started === now.started)
}

/**
 * When a process started, in a form that only compares: numbers of processes are used again. Linux says
 * it in /proc (clock ticks since boot, with the id of that boot); null elsewhere.
 */
export const startOf = (pid: number): string | null => statOf(pid)?.started ?? null

/** What proc(5) says: field 3 is the state, field 22 the start. */
const statOf = (pid: number): { state: string; started: string } | null => {
  try {
    // The name in parentheses may hold spaces and parentheses; fields are counted after the last one.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
    const ticks = fields[18]
    return state === undefined || ticks === undefined
      ? null
      : { state, started: `${boot}-${ticks}` }
  } catch {
    return null
  }
}
