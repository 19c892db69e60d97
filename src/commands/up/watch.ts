import { showMsat } from '../../engine/base/money.ts'
import { npub, shortNpub } from '../../engine/identity/keys.ts'
import type { PubKey } from '../../engine/protocol/ids.ts'
import type { Up, UpEvent } from '../../engine/roles/up.ts'
import { showMs } from '../figures.ts'
import type { Terminal } from '../terminal.ts'

/** What is up: what the first lines of `fedai up` are made of. */
export type Setup = Readonly<{ up: Up; chat: readonly string[]; readyMs: number }>

/** Tells what happens in a network that stays up. */
export interface Watcher {
  /** The network stands. */
  ready(): Promise<void>
  event(event: UpEvent): void
  end(): Promise<void>
}

/** JSON lines, a live view where a person watches and the cursor can be moved, or plain lines. */
export const watcherFor = async (terminal: Terminal, setup: Setup): Promise<Watcher> => {
  if (terminal.json) return jsonLines(terminal, setup)
  if (terminal.outIsTTY && terminal.moves && !terminal.quiet) {
    const { liveView } = await import('../views/up.tsx')
    return liveView(setup, { paint: terminal.paint.yellow, colour: terminal.colour })
  }
  return plainLines(terminal, setup)
}

/** The first lines: what other terminals need, what the node can do, what to do next. */
export const bannerLines = ({ up, chat, readyMs }: Setup): string[] => {
  const others = up.node.tasks.map((it) => bare(it.task)).filter((task) => task !== 'text.chat')
  return [
    `play money · router ${shortNpub(up.router.key)} at ${up.router.address} · node ${shortNpub(up.node.key)}`,
    `  tasks  ${others.join('  ')}`,
    chat.length > 0
      ? `  chat   ${chat.join('  ')}`
      : '  chat   none yet: start ollama or llama-server, or: fedai up --runner openai=http://127.0.0.1:8080',
    `ready in ${showMs(readyMs)} · Ctrl-C ends it`,
  ]
}

/** A useful command to copy. */
export const nextCommand = ({ chat }: Setup): string =>
  chat.length > 0
    ? 'fedai request "Why is the sky blue?"'
    : 'fedai request --task text.detect "Wie geht es dir?"'

/** One event as a line, without its time; undefined for what nobody needs to see. */
export const eventLine = ({ event, fields }: UpEvent): string | undefined => {
  const node = typeof fields['node'] === 'string' ? shortNpub(fields['node'] as PubKey) : ''
  switch (event) {
    case 'job.recorded': {
      const cost = typeof fields['cost_msat'] === 'bigint' ? showMsat(fields['cost_msat']) : ''
      const time = showMs(Number(fields['ms']))
      return `${bare(String(fields['task']))} · ${fields['model']} · ${time} · ${cost} · ${fields['status']}`
    }
    case 'invoice.paid':
      return `the node was paid ${showMsat(BigInt(String(fields['msat'])))} of play money`
    case 'invoice.refused':
      return `the node gave no invoice: ${fields['why']}`
    case 'node.joined':
      return `node ${node} joined`
    case 'node.left':
      return `node ${node} left`
    case 'clock.off':
      return `this machine’s clock is ${fields['seconds']} s ${fields['ours_is']}, by those of others`
    case 'receipt.disputed':
      return `a receipt was disputed: ${fields['reason']}`
    case 'runner.gone':
      return `${fields['runner']} does not answer; what it did is offered no more`
    case 'runner.back':
      return `${fields['runner']} is back, ${fields['models']} tasks`
    case 'runner.changed':
      return `${fields['runner']} offers other models, ${fields['models']} tasks`
    case 'runner.loading':
      return `${fields['runner']} loads ${fields['model']}, ${fields['mb']} MB${Number(fields['elapsed_s']) > 0 ? `, for ${fields['elapsed_s']} s now` : ''}`
    case 'runner.ready':
      return `${fields['runner']} is ready after ${fields['elapsed_s']} s`
    case 'runner.crashed':
      return `${fields['reason']}; it is started again${fields['wait_s'] === 0 ? '' : ` in ${fields['wait_s']} s`}`
    case 'runner.doubted':
      return `${fields['runner']} is asked for a sign of life`
    case 'runner.given_up':
      return `${fields['runner']} is given up: ${fields['reason']}`
    case 'runner.failed':
      return `${fields['runner']} failed at ${bare(String(fields['task']))}: ${fields['trouble']}`
    default:
      return undefined
  }
}

const plainLines = (terminal: Terminal, setup: Setup): Watcher => ({
  ready: async () => {
    if (terminal.quiet) return
    await terminal.emit(`${bannerLines(setup).join('\n')}\ntry: ${nextCommand(setup)}\n`)
  },
  event: (event) => {
    const line = eventLine(event)
    if (line !== undefined && !terminal.quiet) void terminal.emit(`${clock()}  ${line}\n`)
  },
  end: () => (terminal.quiet ? Promise.resolve() : terminal.emit('ended\n')),
})

const jsonLines = (terminal: Terminal, { up }: Setup): Watcher => {
  const line = (fields: object) =>
    terminal.emit(
      `${JSON.stringify({ v: 1, ...fields }, (_, it) => (typeof it === 'bigint' ? String(it) : it))}\n`,
    )
  return {
    ready: () =>
      line({
        type: 'ready',
        net: 'sim',
        router: {
          ...up.router,
          npub: npub(up.router.key),
          pinned: `${npub(up.router.key)}@${up.router.address}`,
        },
        node: up.node,
      }),
    event: ({ event, fields }) => void line({ type: event, ...fields }),
    end: () => line({ type: 'ended' }),
  }
}

const bare = (task: string): string => task.split('@')[0]!

/** The time of day, as the lines of `up` begin with it. */
export const clock = (): string => new Date().toTimeString().slice(0, 8)
