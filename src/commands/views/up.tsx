import { Box, Static, Text, render } from 'ink'
import { useSyncExternalStore } from 'react'
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

/** What the live view shows, changed only by `Board.add`. */
type Shown = Readonly<{
  lines: readonly { key: number; text: string; bad: boolean }[]
  jobs: number
  failed: number
  earned: bigint
}>

/** Finished jobs scroll past above; below them stands what the network has done so far. */
export const liveView = (setup: Setup): Watcher => {
  const board = new Board()
  // Ctrl-C stays a signal: the command has its own way to end.
  const app = render(<View setup={setup} board={board} />, { exitOnCtrlC: false })
  return {
    ready: () => Promise.resolve(),
    event: (event) => board.add(event),
    end: async () => {
      app.unmount()
      await app.waitUntilExit()
    },
  }
}

class Board {
  private shown: Shown = { lines: [], jobs: 0, failed: 0, earned: 0n }
  private readonly listeners = new Set<() => void>()

  add(event: UpEvent): void {
    const line = eventLine(event)
    if (line === undefined) return
    const { lines, jobs, failed, earned } = this.shown
    const job = event.event === 'job.recorded'
    const bad = job && event.fields['status'] !== 'ok'
    const cost = event.fields['cost_msat']
    this.shown = {
      // ink prints each of these once; only the newest can still be unprinted.
      lines: [...lines, { key: (lines.at(-1)?.key ?? 0) + 1, text: `${clock()}  ${line}`, bad }],
      jobs: jobs + (job ? 1 : 0),
      failed: failed + (bad ? 1 : 0),
      earned: earned + (job && typeof cost === 'bigint' ? cost : 0n),
    }
    for (const listener of this.listeners) listener()
  }

  readonly current = (): Shown => this.shown

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
}

const View = ({ setup, board }: { setup: Setup; board: Board }) => {
  const { lines, jobs, failed, earned } = useSyncExternalStore(board.subscribe, board.current)
  const [first = '', ...banner] = bannerLines(setup)
  return (
    <>
      <Static items={[...lines]}>
        {(line) => (
          <Text key={line.key} {...(line.bad ? { color: 'yellow' } : {})}>
            {line.text}
          </Text>
        )}
      </Static>
      <Box flexDirection="column">
        <Text>{first}</Text>
        {banner.map((line) => (
          <Text key={line} dimColor>
            {line}
          </Text>
        ))}
        <Text>
          {count(jobs, 'job')}
          {failed > 0 ? `, ${failed} not ok` : ''} · {showMsat(earned)} of play money
        </Text>
        <Text>try: {nextCommand(setup)}</Text>
      </Box>
    </>
  )
}
