import { expect, test } from 'bun:test'
import { virtualClock } from '../base/virtual-clock.ts'
import { openHealth } from './health.ts'
import { newRegistry } from './metrics.ts'

const setup = () => {
  const clock = virtualClock()
  const stage = { reason: null as string | null }
  const health = openHealth({
    clock,
    registry: newRegistry(),
    notReady: () => stage.reason,
    figures: () => ({ nodes: 2 }),
  })
  const ask = (path: string) => {
    const page = health.answer(path)
    return page && { status: page.status, ...JSON.parse(page.body) }
  }
  return { clock, stage, health, ask }
}

test('alive and ready are two things', () => {
  const { stage, ask, health } = setup()
  expect(ask('/ready')).toEqual({ status: 200, v: 1, ready: true, reason: null, nodes: 2 })
  stage.reason = 'no router has answered yet'
  expect(ask('/ready')).toMatchObject({ status: 503, ready: false, reason: stage.reason })
  expect(ask('/health')).toEqual({ status: 200, v: 1, alive: true })
  expect(ask('/healthz')).toBeUndefined()
  health.stop()
})

test('a loop that does not come to its timers is not alive, and how late it was is counted', async () => {
  const { clock, ask, health } = setup()
  await clock.advance(60_000)
  expect(health.alive()).toBe(true)
  health.stop()
  // As if the loop hung: time goes on, and no timer is heard.
  await clock.advance(4_900)
  expect(health.alive()).toBe(true)
  await clock.advance(200)
  expect(ask('/health')).toEqual({ status: 503, v: 1, alive: false })
  const page = health.answer('/metrics')!
  expect(page.type).toStartWith('text/plain; version=0.0.4')
  expect(page.body).toContain('fedai_loop_lag_seconds_count 120')
})
