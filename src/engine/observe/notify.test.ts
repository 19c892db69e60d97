import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeSystemd, hasDatagrams } from '../../../test/fakes/systemd.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import { sendDatagram } from './datagram.ts'
import { openNotifier } from './notify.ts'

const told = (env: Record<string, string>, pid = 7) => {
  const clock = virtualClock()
  const sent: string[] = []
  const send = (path: string, text: string) => sent.push(`${path}: ${text}`) > 0
  return { clock, sent, notifier: openNotifier({ env, clock, pid, send }) }
}

describe('what systemd is told', () => {
  test('ready, status, more time, stopping', () => {
    const { sent, notifier } = told({ NOTIFY_SOCKET: '/run/n' })
    notifier.extend(1500.2)
    notifier.ready('all\nis well')
    notifier.status('busy')
    notifier.stopping('draining', 30_000)
    expect(sent).toEqual([
      '/run/n: EXTEND_TIMEOUT_USEC=1501000',
      '/run/n: READY=1\nSTATUS=all is well',
      '/run/n: STATUS=busy',
      '/run/n: STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=30000000',
    ])
  })

  test.each([{}, { NOTIFY_SOCKET: '' }, { NOTIFY_SOCKET: 'vsock:2:1' }, { NOTIFY_SOCKET: '@' }])(
    'nothing with %j',
    (env) => {
      const { sent, notifier } = told(env)
      notifier.ready('x')
      notifier.stopping('x', 1)
      expect(sent).toEqual([])
    },
  )
})

describe('the watchdog', () => {
  const watched = { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '2000000' }

  test('hears at half its time that we live, and nothing when we do not', async () => {
    const { clock, sent, notifier } = told({ ...watched, WATCHDOG_PID: '7' })
    let alive = true
    const stop = notifier.watch(() => alive)
    await clock.advance(3_000)
    expect(sent).toEqual(Array.from({ length: 4 }, () => '@n: WATCHDOG=1'))
    alive = false
    await clock.advance(5_000)
    expect(sent).toHaveLength(4)
    alive = true
    await clock.advance(1_000)
    expect(sent).toHaveLength(5)
    stop()
    await clock.advance(5_000)
    expect(sent).toHaveLength(5)
  })

  test.each([
    [{ ...watched, WATCHDOG_PID: '8' }],
    [{ NOTIFY_SOCKET: '@n' }],
    [{ ...watched, WATCHDOG_USEC: '0' }],
    [{ ...watched, WATCHDOG_USEC: '1e6' }],
    [{ ...watched, WATCHDOG_USEC: '-1' }],
  ])('is another’s, or none: %j', async (env) => {
    const { clock, sent, notifier } = told(env)
    notifier.watch(() => true)
    await clock.advance(10_000)
    expect(sent).toEqual([])
  })
})

describe.skipIf(!hasDatagrams)('a datagram', () => {
  test.each(['path', 'abstract name'])('arrives whole at a socket with a %s', (kind) => {
    const folder = mkdtempSync(join(tmpdir(), 'fedai-notify-'))
    const name = kind === 'path' ? join(folder, 'notify') : `@fedai-test-${process.pid}`
    const systemd = fakeSystemd(name)
    expect(sendDatagram(name, 'READY=1\nSTATUS=größer')).toBe(true)
    expect(systemd.take()).toBe('READY=1\nSTATUS=größer')
    expect(systemd.take()).toBeUndefined()
    systemd.close()
    rmSync(folder, { recursive: true })
  })

  test('that nobody takes is no trouble, and a full queue does not wait', () => {
    for (const path of ['/nonexistent/socket', '@fedai-nobody', '', `/${'x'.repeat(200)}`])
      expect(sendDatagram(path, 'READY=1')).toBe(false)
    const name = `@fedai-full-${process.pid}`
    const systemd = fakeSystemd(name)
    const sent = Array.from({ length: 2_000 }, () => sendDatagram(name, 'WATCHDOG=1'))
    expect(sent.at(0)).toBe(true)
    expect(sent.at(-1)).toBe(false)
    systemd.close()
  })
})
