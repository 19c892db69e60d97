import { execa } from 'execa'

/** A program to run, and all of the environment that it gets. */
export type Command = Readonly<{
  program: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  cwd?: string
}>

/** How a process ended. `failed` is why it could not even be started. */
export type Exit = Readonly<{ code: number | null; signal: string | null; failed?: string }>

/** A process that was started, and everything that it starts in its turn. */
export interface Child {
  readonly pid: number | undefined
  /** Settles when it has gone and its group was killed, whoever ended it. */
  readonly exited: Promise<Exit>
  /** Sends a signal to it and to all of its group. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

/**
 * Starts a program that cannot outlive us, not even when we are killed: it has a process group of its
 * own with a guard in it (see GUARD). What it prints is handed out line by line and kept nowhere.
 */
export const startChild = (command: Command, onLine: (line: string) => void): Child => {
  const [program, ...args] = guarded(command)
  const child = execa(program!, args, {
    // A group of its own (and a session: no Ctrl-C of our terminal reaches it before we drain it).
    killDescendants: true,
    // The guard does that, also where we have no chance to; execa's handlers would change what signals mean.
    cleanup: onWindows,
    // Bun has no pipe that only the parent's death closes but stdin.
    stdin: onWindows ? 'ignore' : 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    extendEnv: false,
    env: command.env,
    ...(command.cwd !== undefined && { cwd: command.cwd }),
  })
  const exited = Promise.withResolvers<Exit>()
  const printed = [child.stdout, child.stderr].map((it) => readLines(it, onLine))
  // Not the promise of execa: it waits for pipes that a grandchild may hold for ever.
  child.nodeChildProcess.once('exit', (code, signal) => {
    child.stdin?.destroy()
    // The guard holds stderr as long as it lives, as servers do: its end is the end of the group. (A signal
    // 0 to the group would not tell: zombies answer it, and in a container nobody may take them away.)
    void Promise.race([Promise.all(printed), Bun.sleep(GROUP_MS)]).then(() => {
      child.stdout.destroy()
      child.stderr.destroy()
      exited.resolve({ code, signal })
    })
  })
  child.nodeChildProcess.once('error', (error: NodeJS.ErrnoException) => {
    if (child.pid === undefined)
      exited.resolve({ code: null, signal: null, failed: error.code ?? 'error' })
  })
  // It may be gone before the guard has read anything.
  child.stdin?.on('error', () => {})
  child.catch(() => {})
  return {
    pid: child.pid,
    exited: exited.promise,
    kill: (signal) => void child.kill(signal),
  }
}

const onWindows = process.platform === 'win32'

/**
 * Becomes the program, after leaving a guard behind in the same process group. The guard reads a pipe
 * whose other end only we hold: when we end, by whatever, or let go of it, the guard kills its own group
 * and itself with it. So it can hit nobody else, and grandchildren go too, which PR_SET_PDEATHSIG
 * (prctl(2)) alone does not reach; a pid kept in a file could by then be somebody else's.
 * A crash leaves no core file, in which prompts would stand; and where memory runs out, the kernel takes
 * the runner before fedai (proc(5); elsewhere that line does nothing).
 */
const GUARD = `ulimit -c 0
exec 3<&0 </dev/null
(trap '' TERM INT HUP; exec >/dev/null; read -r _ <&3; kill -KILL 0) &
{ echo 500 >/proc/self/oom_score_adj; } 2>/dev/null
exec 3<&- "$@"`

// setpriv (util-linux) is for the case that somebody kills the guard: then the kernel ends the program
// itself with us. The parent it watches is our main thread, from which Bun starts processes.
const guarded = ({ program, args }: Command): string[] => {
  if (onWindows) return [program, ...args]
  const setpriv = process.platform === 'linux' ? withDeathSignal() : []
  return ['/bin/sh', '-c', GUARD, 'fedai-runner', ...setpriv, program, ...args]
}

let deathSignal: readonly string[] | undefined
const withDeathSignal = (): readonly string[] => {
  if (deathSignal) return deathSignal
  const setpriv = Bun.which('setpriv')
  const words = setpriv ? [setpriv, '--pdeathsig', 'KILL'] : []
  // That of busybox knows no such option.
  const works = words.length > 0 && Bun.spawnSync([...words, 'true'], QUIET).exitCode === 0
  return (deathSignal = works ? words : [])
}
const QUIET = { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' } as const

/** Most ms that what it had started is waited for: who left the group and kept a pipe is not ours to end. */
const GROUP_MS = 1_000

/** Characters of a line that are looked at. */
const LINE = 1_000

/** Hands out lines until the stream ends; settles then. */
const readLines = (stream: NodeJS.ReadableStream, onLine: (line: string) => void): Promise<void> =>
  new Promise((resolve) => {
    let rest = ''
    // Read for as long as it lives: a full pipe would stop it.
    stream.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString('utf8')).split('\n')
      rest = parts.pop()!.slice(0, LINE)
      for (const line of parts) onLine(line.slice(0, LINE))
    })
    stream.on('end', () => rest !== '' && onLine(rest))
    stream.on('error', () => {})
    stream.on('close', resolve)
  })
