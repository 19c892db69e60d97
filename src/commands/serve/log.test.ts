import { describe, expect, test } from 'bun:test'
import { daemonLog } from './log.ts'

const streams = (writableLength = 0) => {
  const lines: string[] = []
  const stderr = { write: (line: string) => lines.push(line) > 0, writableLength }
  return { lines, stderr: stderr as typeof stderr & Pick<NodeJS.WriteStream, 'write'> }
}
const terminal = { errIsTTY: false, json: false, quiet: false }

describe('the log of a daemon', () => {
  test.each([
    ['auto', false, false, true],
    ['auto', true, false, false],
    ['auto', true, true, true],
    ['short', false, false, false],
    ['json', true, false, true],
  ] as const)('%s, on a terminal %p, with --json %p: JSON %p', (format, errIsTTY, json, isJson) => {
    const { lines, stderr } = streams()
    const log = daemonLog({ ...terminal, errIsTTY, json }, format, stderr)
    log.info('node.joined', { node: 'n' })
    expect(log.isJson).toBe(isJson)
    expect(lines[0]!.startsWith('{')).toBe(isJson)
  })

  test('--quiet leaves errors', () => {
    const { lines, stderr } = streams()
    const log = daemonLog({ ...terminal, quiet: true }, 'auto', stderr)
    log.info('a.b')
    log.warn('a.b')
    log.error('c.d')
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(['c.d'])
  })

  test('a stderr that takes nothing costs no memory, and what was left out is counted', () => {
    const { lines, stderr } = streams(2_000_000)
    const log = daemonLog(terminal, 'auto', stderr)
    for (let i = 0; i < 100; i++) log.info('a.b')
    expect(lines).toEqual([])
    stderr.writableLength = 0
    log.info('c.d')
    log.info('e.f')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'log.lost', lines: 100 },
      { event: 'c.d' },
      { event: 'e.f' },
    ])
  })
})
