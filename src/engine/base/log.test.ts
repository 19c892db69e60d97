import { describe, expect, test } from 'bun:test'
import { openLog, silentLog } from './log.ts'

const now = () => Date.UTC(2026, 10, 22, 17, 4, 11)

const lines = (json: boolean) => {
  const written: string[] = []
  return { written, log: openLog({ json, now, write: (line) => written.push(line) }) }
}

describe('log', () => {
  test('short lines for people', () => {
    const { written, log } = lines(false)
    log.info('job_ended', { task: 'text.chat', ms: 12, msat: 212n })
    log.warn('link_lost', { reason: 'idle' })
    expect(written).toEqual([
      '17:04:11 job_ended task=text.chat ms=12 msat=212',
      '17:04:11 warn link_lost reason=idle',
    ])
  })

  test('short lines show the ends of an id, and nothing of what is not known', () => {
    const { written, log } = lines(false)
    log.info('job_ended', { job: `9939098c${'0'.repeat(52)}1c0b`, first_ms: null, node: undefined })
    expect(written).toEqual(['17:04:11 job_ended job=993909…1c0b'])
  })

  test('JSON lines for machines, money as text', () => {
    const { written, log } = lines(true)
    log.error('store_failed', { code: 'io.full', msat: 9007199254740993n })
    expect(JSON.parse(written[0]!)).toEqual({
      time: '2026-11-22T17:04:11.000Z',
      level: 'error',
      event: 'store_failed',
      code: 'io.full',
      msat: '9007199254740993',
    })
  })

  test('a peer can neither forge a line nor steer a terminal, nor fill the disk with one text', () => {
    const { written, log } = lines(false)
    log.info('refused', { reason: `a\n17:04:12 paid\u001b[2J\u009b31m${'x'.repeat(10_000)}` })
    for (const control of ['\n', '\u001b', '\u009b']) expect(written[0]).not.toContain(control)
    expect(written[0]!.length).toBeLessThan(160)
  })

  test('silence', () => {
    expect(silentLog.info('anything')).toBeUndefined()
  })
})
