import { describe, expect, test } from 'bun:test'
import { Fault } from '../engine/base/fault.ts'
import { program } from './index.ts'
import { outputFault } from './stdout.ts'
import { type Streams, conclude, harmless, openTerminal } from './terminal.ts'

const streams = (isTTY: boolean, env: Record<string, string> = {}) => {
  const written = { out: '', err: '' }
  const output = (name: 'out' | 'err') => ({
    isTTY,
    columns: 40,
    write: (text: string, done?: () => void) => {
      written[name] += text
      done?.()
      return true
    },
    on: () => {},
  })
  const it: Streams = { stdin: { isTTY }, stdout: output('out'), stderr: output('err'), env }
  return { it, written }
}

describe('a terminal', () => {
  test('a pipe gets bytes as they are, no colours, no progress', async () => {
    const { it, written } = streams(false)
    const terminal = openTerminal({}, it)
    terminal.progress('waiting')
    await terminal.emit('a\u001b[2Jb')
    terminal.say(terminal.paint.green('ok'))
    expect(written).toEqual({ out: 'a\u001b[2Jb', err: 'ok\n' })
    expect(terminal.canAsk).toBe(false)
    expect(terminal.took()).toBe(true)
  })

  test('a person gets colours and progress, and nothing that steers the terminal', async () => {
    const { it, written } = streams(true)
    const terminal = openTerminal({}, it)
    await terminal.emit('a\u001b]0;owned\u0007\u009b2J\tb\n')
    terminal.progress('x'.repeat(100))
    terminal.say(terminal.paint.red('no'))
    expect(written.out).toBe('a\tb\n')
    expect(written.err).toBe(`${'x'.repeat(39)}\r\u001b[2K\u001b[31mno\u001b[0m\n`)
  })

  test.each<Record<string, string>>([{ NO_COLOR: '1' }, { TERM: 'dumb' }])(
    'no colours with %j',
    (env) => {
      const { it } = streams(true, env)
      expect(openTerminal({}, it).paint.red('no')).toBe('no')
    },
  )

  test('a dumb terminal gets lines alone: nothing that moves its cursor, and no progress', async () => {
    const { it, written } = streams(true, { TERM: 'dumb' })
    const terminal = openTerminal({}, it)
    terminal.progress('waiting')
    await terminal.emit('a\n')
    terminal.progress('waiting')
    terminal.say('talk')
    terminal.progress('')
    expect(written).toEqual({ out: 'a\n', err: 'talk\n' })
    expect([terminal.moves, terminal.colour]).toEqual([false, false])
  })

  test('a terminal of 0 columns is not written over, and has its colours', () => {
    const { it, written } = streams(true)
    it.stderr.columns = 0
    const terminal = openTerminal({}, it)
    terminal.progress('waiting')
    terminal.say('talk')
    expect(written.err).toBe('talk\n')
    expect([terminal.moves, terminal.colour]).toEqual([false, true])
  })

  test.each([{ quiet: true }, { json: true }])('no talk with %j', (options) => {
    const { it, written } = streams(true)
    const terminal = openTerminal(options, it)
    terminal.say('talk')
    terminal.progress('talk')
    expect(written.err).toBe('')
    expect(terminal.canAsk).toBe(!('json' in options))
  })

  test('what a model writes cannot move a cursor, set a title or reach a clipboard', () => {
    for (const evil of [
      '\u001b[1A',
      '\u001b]52;c;aGk=\u0007',
      '\u001bPq\u001b\\',
      '\u009d0;x\u009c',
      '\r',
      '\b',
    ])
      // oxlint-disable-next-line no-control-regex
      expect(harmless(`x${evil}y`)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
    expect(harmless('tab\tline\n')).toBe('tab\tline\n')
    expect(harmless('\u001b[31mred, and\u001b[1;4m so on')).toBe('red, and so on')
  })

  test('a colour stays where we set it and it ends; one of somebody else would never end', async () => {
    const { it, written } = streams(true)
    const terminal = openTerminal({}, it)
    terminal.say(`${terminal.paint.green('ok')} by \u001b[31mevil`)
    await terminal.emit(`\u001b[41m${terminal.paint.dim('a')}b`)
    expect(written.err).toBe('\u001b[32mok\u001b[0m by evil\n')
    expect(written.out).toBe('\u001b[2ma\u001b[0mb')
  })
})

describe('a stdout that takes nothing', () => {
  const failing = (code: string) => {
    const { it } = streams(false)
    const error = Object.assign(new Error(code), { code })
    it.stdout.write = (_, done) => (done?.(error), false)
    return it
  }

  test.each(['ENOSPC', 'EIO', 'EBADF'])('%s is told at the end, as an error', async (code) => {
    const it = failing(code)
    const terminal = openTerminal({}, it)
    expect(await outputFault(it)).toBeUndefined()
    await terminal.emit('result')
    expect(terminal.gone.aborted).toBe(true)
    expect(terminal.took()).toBe(false)
    expect(await outputFault(it)).toMatchObject({ kind: 'io', code: 'output.lost' })
  })

  test('a reader that left is none', async () => {
    const it = failing('EPIPE')
    const terminal = openTerminal({}, it)
    await terminal.emit('result')
    expect(terminal.gone.aborted).toBe(true)
    expect(terminal.took()).toBe(false)
    expect(await outputFault(it)).toBeUndefined()
  })
})

describe('how errors are told', () => {
  const told = async (error: unknown, json = false) => {
    const { it, written } = streams(false)
    return { code: await conclude(error, { json }, it), err: written.err }
  }

  test('three parts for people, one object for programs', async () => {
    const fault = new Fault('refused', 'budget.cap', 'too dear', { hint: 'pay more\nor ask less' })
    expect(await told(fault)).toEqual({
      code: 77,
      err: 'error: too dear\n  pay more\n  or ask less\n',
    })
    expect(await told(fault, true)).toEqual({
      code: 77,
      err: '{"error":{"code":"budget.cap","message":"too dear","hint":"pay more\\nor ask less"}}\n',
    })
  })

  test('what was not foreseen is a bug of ours, without a stack', async () => {
    const { code, err } = await told(new TypeError('x is not a function'))
    expect(code).toBe(70)
    expect(err).toBe(
      'error: x is not a function\n  this is a bug in fedai; FEDAI_DEBUG=1 shows where\n',
    )
  })

  const usage = async (...argv: string[]) => {
    const error: unknown = await program('1.0.0')
      .parseAsync(argv, { from: 'user' })
      .catch((it: unknown) => it)
    return told(error)
  }

  test.each([
    [['request', '--modle', 'x'], "unknown option '--modle'\n  try --model\n"],
    [
      ['verify'],
      "missing required argument 'file'\n  name one, or write - to read stdin: fedai verify -\n  see: fedai verify --help\n",
    ],
    [['trust', 'add'], "missing required argument 'npub'\n  see: fedai trust add --help\n"],
    [['verfy'], 'there is no command verfy\n  try: fedai verify\n'],
    [['up', '--port'], "option '--port <n>' argument missing\n  see: fedai up --help\n"],
  ])('%j', async (argv, says) => {
    expect(await usage(...argv)).toEqual({ code: 64, err: `error: ${says}` })
  })
})
