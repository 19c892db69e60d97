import { describe, expect, test } from 'bun:test'
import { type Script, scriptedRunner, textPieces } from '../../../../test/fakes/scripted-runner.ts'
import type { Log } from '../../base/log.ts'
import { seededRandom } from '../../base/random.ts'
import { unixMs } from '../../base/clock.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import type { Runner } from '../runner.ts'
import { RULES, type Trouble } from './state.ts'
import { Supervisor } from './supervisor.ts'

const ended: Trouble = { code: 'crashed', message: 'it ended', hopeless: false }
const work = { task: 'text.chat@1', model: 'scripted-chat', input: {}, outTokens: 9 } as const
const sink = { started: () => {}, piece: () => {} }
const never = () => new AbortController().signal

/** A supervisor whose processes are a page of notes. */
const scene = (script: Script = { pieces: textPieces(['a', 'b']), pieceMs: 10 }) => {
  const steady = virtualClock()
  let set = 0
  const clock = { ...steady, now: () => unixMs(steady.now() + set) }
  const said: string[] = []
  const at: Log['info'] = (event, fields = {}) =>
    void said.push(
      [event, fields['code'], fields['elapsed_s']].filter((it) => it !== undefined).join(' '),
    )
  const processes: {
    signals: string[]
    exit: (why?: Trouble) => void
    /** Proofs that wait, the newest last. */
    proofs: { resolve: (runner: Runner) => void; reject: (error: unknown) => void }[]
  }[] = []
  const supervisor = new Supervisor({
    launch: () => {
      const exited = Promise.withResolvers<Trouble>()
      const mine = {
        signals: [] as string[],
        exit: (why = ended) => exited.resolve(why),
        proofs: [] as PromiseWithResolvers<Runner>[],
      }
      processes.push(mine)
      return {
        child: { kill: (signal) => void mine.signals.push(signal) },
        exited: exited.promise,
        prove: () => {
          const proof = Promise.withResolvers<Runner>()
          mine.proofs.push(proof)
          return proof.promise
        },
      }
    },
    blame: () => ({ ...ended, code: 'no_token' }),
    rules: { ...RULES, loadMs: 20_000 },
    clock,
    random: seededRandom(3),
    log: { info: at, warn: at, error: at },
    about: { runner: 'llama-server', model: 'm', mb: 4 },
  })
  const runner = scriptedRunner(script, { clock })
  return {
    clock,
    said,
    processes,
    supervisor,
    runner,
    /** Somebody sets the time of day. */
    setClock: (ms: number) => void (set += ms),
    /** Starts it and gives it its token. */
    async up() {
      const ready = supervisor.ensureReady(null)
      processes.at(-1)!.proofs.at(-1)!.resolve(runner)
      return ready
    },
  }
}

const fault = (failing: Promise<unknown>): Promise<unknown> =>
  failing.then(
    () => undefined,
    (error: unknown) => (error as { trouble?: string }).trouble,
  )

describe('a supervisor at work', () => {
  test('says every five seconds that it still loads, and no longer than that', async () => {
    const it = scene()
    const ready = it.supervisor.ensureReady(null)
    await it.clock.advance(11_000)
    it.processes[0]!.proofs[0]!.resolve(it.runner)
    await ready
    await it.clock.advance(11_000)
    expect(it.said).toEqual([
      'runner.loading 0',
      'runner.loading 5',
      'runner.loading 10',
      'runner.ready 11',
    ])
  })

  test('makes a job wait a moment for a start, not for a long one', async () => {
    const it = scene()
    const late = fault(it.supervisor.ensureReady(1_000))
    const stop = new AbortController()
    const gone = fault(it.supervisor.ensureReady(null, stop.signal))
    const soon = it.supervisor.ensureReady(3_000)
    await it.clock.advance(1_000)
    expect(await late).toBe('loading')
    stop.abort()
    expect(await gone).toBe('cancelled')
    it.processes[0]!.proofs[0]!.resolve(it.runner)
    expect(await soon).toBe(it.runner)
  })

  test('asks one that fell silent for a token, takes no jobs meanwhile, and kills it without one', async () => {
    const it = scene({ fail: { after: 0, trouble: 'timeout' } })
    const runner = await it.up()
    let changes = 0
    it.supervisor.watch(() => void changes++)
    const job = fault(it.supervisor.serve(runner, work, sink, never()))
    await it.clock.advance(1)
    expect(await job).toBe('timeout')
    expect([it.supervisor.serving, changes]).toEqual([undefined, 1])
    expect(it.processes[0]!.proofs).toHaveLength(2)
    it.processes[0]!.proofs[1]!.resolve(it.runner)
    await it.clock.advance(0)
    expect([it.supervisor.serving, changes]).toEqual([it.runner, 2])
    const second = fault(it.supervisor.serve(runner, work, sink, never()))
    await it.clock.advance(1)
    await second
    await it.clock.advance(30_000)
    expect(it.processes[0]!.signals).toEqual(['SIGKILL'])
    expect(it.processes).toHaveLength(1)
    it.processes[0]!.exit()
    await it.clock.advance(0)
    expect(it.processes).toHaveLength(2)
  })

  test('doubts one that three clients have given up on, but not for one who left early or heard something', async () => {
    const giveUpAfter = async (ms: number, script: Script) => {
      const it = scene(script)
      const runner = await it.up()
      for (let i = 0; i < 3; i++) {
        const stop = new AbortController()
        const job = fault(it.supervisor.serve(runner, work, sink, stop.signal))
        await it.clock.advance(ms)
        stop.abort()
        expect(await job).toBe('cancelled')
      }
      return it.processes[0]!.proofs.length
    }
    const hung = { endless: true }
    expect(await giveUpAfter(5_000, hung)).toBe(2)
    expect(await giveUpAfter(4_999, hung)).toBe(1)
    expect(await giveUpAfter(5_000, { pieces: textPieces(['a']), endless: true })).toBe(1)
  })

  test('kills and starts anew one whose proof fails', async () => {
    const it = scene()
    const ready = it.supervisor.ensureReady(null)
    it.processes[0]!.proofs[0]!.reject(new Error('no'))
    await it.clock.advance(0)
    expect(it.processes[0]!.signals).toEqual(['SIGKILL'])
    it.processes[0]!.exit({ ...ended, code: 'killed' })
    await it.clock.advance(0)
    expect(it.said).toContain('runner.crashed no_token')
    it.processes[1]!.proofs[0]!.resolve(it.runner)
    expect(await ready).toBe(it.runner)
  })

  test('starts one again when it said, though the time of day is set back meanwhile', async () => {
    const it = scene()
    await it.up()
    for (const run of [0, 1]) {
      it.processes[run]!.exit()
      await it.clock.advance(0)
    }
    expect([it.processes.length, it.said.at(-1)]).toEqual([2, 'runner.crashed crashed'])
    it.setClock(-86_400_000)
    await it.clock.advance(1_200)
    expect(it.processes).toHaveLength(3)
  })

  test('closes: lets a job end, cuts what takes too long, and waits for the process', async () => {
    for (const [pieceMs, trouble] of [
      [10, undefined],
      [5_000, 'crashed'],
    ] as const) {
      const it = scene({ pieces: textPieces(['a']), pieceMs })
      const runner = await it.up()
      const job = fault(it.supervisor.serve(runner, work, sink, never()))
      let closed = false
      const closing = it.supervisor.close().then(() => (closed = true))
      expect(await fault(it.supervisor.ensureReady(null))).toBe('crashed')
      await it.clock.advance(1_005)
      expect(await job).toBe(trouble)
      expect([it.processes[0]!.signals, closed]).toEqual([['SIGTERM'], false])
      it.processes[0]!.exit()
      await closing
      expect(it.processes).toHaveLength(1)
      expect(await it.clock.idle()).toBe(true)
    }
  })

  test('a job of a process that died ends after the news of it', async () => {
    const it = scene({ fail: { after: 0, trouble: 'crashed' } })
    const runner = await it.up()
    const serving: unknown[] = []
    const job = fault(it.supervisor.serve(runner, work, sink, never())).then(() =>
      serving.push(it.supervisor.serving),
    )
    await it.clock.advance(50)
    expect(serving).toEqual([])
    it.processes[0]!.exit()
    await job
    expect(serving).toEqual([undefined])
  })
})
