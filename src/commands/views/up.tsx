import { Box, Text, render, useStdout } from 'ink'
import { useLayoutEffect, useSyncExternalStore } from 'react'
import type { UpEvent } from '../../engine/roles/up.ts'
import { showMsat } from '../../engine/base/money.ts'
import { count } from '../figures.ts'
import {
  type Setup,
  type Watcher,
  bannerLines,
  clock,
  eventLine,
  nextCommand,
} from '../up/watch.ts'

/** What the live view shows below the lines, changed only by `Board.add`. */
type Shown = Readonly<{ jobs: number; failed: number; earned: bigint }>

/** Most lines that wait for a view to print them. */
const WAITING = 500

/** Finished jobs scroll past above; below them stands what the network has done so far. */
export const liveView = (
  setup: Setup,
  options: Readonly<{
    paint: (text: string) => string
    /** Ink knows nothing of NO_COLOR. */
    colour: boolean
    stdout?: NodeJS.WriteStream
  }>,
): Watcher => {
  const board = new Board(options.paint)
  // Ctrl-C stays a signal: the command has its own way to end.
  const app = render(<View setup={setup} board={board} colour={options.colour} />, {
    exitOnCtrlC: false,
    ...(options.stdout && { stdout: options.stdout }),
  })
  return {
    ready: () => Promise.resolve(),
    event: (event) => board.add(event),
    end: async () => {
      app.unmount()
      await app.waitUntilExit()
    },
  }
}

/** The sums, and the lines that nobody has printed yet: what is printed is the terminal's to keep. */
export class Board {
  private shown: Shown = { jobs: 0, failed: 0, earned: 0n }
  private waiting: string[] = []
  private print: ((line: string) => void) | undefined
  private readonly listeners = new Set<() => void>()

  constructor(private readonly paint: (text: string) => string) {}

  add(event: UpEvent): void {
    const line = eventLine(event)
    if (line === undefined) return
    const { jobs, failed, earned } = this.shown
    const job = event.event === 'job.recorded'
    const bad = job ? event.fields['status'] !== 'ok' : event.event === 'runner.failed'
    const cost = event.fields['cost_msat']
    this.shown = {
      jobs: jobs + (job ? 1 : 0),
      failed: failed + (job && bad ? 1 : 0),
      earned: earned + (job && typeof cost === 'bigint' ? cost : 0n),
    }
    const text = `${clock()}  ${line}`
    this.waiting.push(bad ? this.paint(text) : text)
    if (this.waiting.length > WAITING) this.waiting.shift()
    this.drain()
    for (const listener of this.listeners) listener()
  }

  /** From now on `print` gets every line once, those that wait first. */
  readonly printTo = (print: (line: string) => void): (() => void) => {
    this.print = print
    this.drain()
    return () => {
      this.print = undefined
    }
  }

  readonly current = (): Shown => this.shown

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  private drain(): void {
    if (this.print) for (const line of this.waiting.splice(0)) this.print(line)
  }
}

const View = ({ setup, board, colour }: { setup: Setup; board: Board; colour: boolean }) => {
  const { jobs, failed, earned } = useSyncExternalStore(board.subscribe, board.current)
  const { write } = useStdout()
  // Not ink's Static: it needs all lines that ever were, and ink keeps a second copy of them.
  useLayoutEffect(() => board.printTo((line) => write(`${line}\n`)), [board, write])
  const [first = '', ...banner] = bannerLines(setup)
  return (
    <Box flexDirection="column">
      <Text>{first}</Text>
      {banner.map((line) => (
        <Text key={line} dimColor={colour}>
          {line}
        </Text>
      ))}
      <Text>
        {count(jobs, 'job')}
        {failed > 0 ? `, ${failed} not ok` : ''} · {showMsat(earned)} of play money
      </Text>
      <Text>try: {nextCommand(setup)}</Text>
    </Box>
  )
}
