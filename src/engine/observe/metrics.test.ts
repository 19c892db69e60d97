import { describe, expect, test } from 'bun:test'
import { silentLog } from '../base/log.ts'
import { metered } from './meter.ts'
import { newRegistry } from './metrics.ts'

describe('metrics', () => {
  test('as Prometheus reads them', () => {
    const registry = newRegistry()
    const jobs = registry.counter('jobs_total', 'Jobs.', ['task', 'status'])
    jobs.add(['chat', 'ok'])
    jobs.add(['chat', 'ok'], 2)
    jobs.add(['a"b\\c\nd', 'ok'])
    registry.counter('plain_total', 'No labels.')
    let nodes: number | undefined = 3
    registry.gauge('nodes', 'Nodes.', () => nodes)
    const spread = registry.histogram('wait_seconds', 'Waiting.', [0.1, 1], ['task'])
    for (const value of [0.05, 0.1, 0.5, 7]) spread.observe(['chat'], value)
    expect(registry.text()).toBe(`# HELP jobs_total Jobs.
# TYPE jobs_total counter
jobs_total{task="chat",status="ok"} 3
jobs_total{task="a\\"b\\\\c\\nd",status="ok"} 1
# HELP plain_total No labels.
# TYPE plain_total counter
plain_total 0
# HELP nodes Nodes.
# TYPE nodes gauge
nodes 3
# HELP wait_seconds Waiting.
# TYPE wait_seconds histogram
wait_seconds_bucket{task="chat",le="0.1"} 2
wait_seconds_bucket{task="chat",le="1"} 3
wait_seconds_bucket{task="chat",le="+Inf"} 4
wait_seconds_sum{task="chat"} 7.65
wait_seconds_count{task="chat"} 4
`)
    nodes = undefined
    expect(registry.text()).not.toContain('\nnodes ')
  })

  test('strangers choose labels, and cannot make more series than there may be', () => {
    const registry = newRegistry()
    const counter = registry.counter('models_total', 'Models.', ['model'])
    for (let i = 0; i < 1_000; i++) counter.add([`model-${i}-${'x'.repeat(500)}`])
    const lines = registry
      .text()
      .split('\n')
      .filter((line) => line.startsWith('models_total{'))
    expect(lines).toHaveLength(101)
    expect(lines.at(-1)).toBe('models_total{model="other"} 900')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(150)
  })

  test('one name is one metric', () => {
    const registry = newRegistry()
    registry.counter('a_total', 'A.')
    expect(() => registry.gauge('a_total', 'A.', () => 1)).toThrow('there already')
  })
})

describe('a log that counts', () => {
  test('passes each line on, and counts what it says', () => {
    const registry = newRegistry()
    const lines: string[] = []
    const log = metered({ ...silentLog, info: (event) => lines.push(event) }, registry)
    const job = { task: 'text.chat@1', model: 'm', status: 'ok', cost_msat: 212n }
    log.info('job.served', { ...job, ms: 3_000, first_ms: 200, out_tokens: 29 })
    log.info('job.served', { ...job, status: 'partial', ms: 100, first_ms: null, out_tokens: null })
    log.warn('event.refused', { code: 'event.stale', link: 4, count: 17 })
    log.warn('runner.failed', { runner: 'llama', task: 'text.chat@1', trouble: 'oom' })
    log.error('unknown.event')
    expect(lines).toEqual(['job.served', 'job.served'])
    const said = registry.text().split('\n')
    const chat = 'gen_ai_operation_name="chat",gen_ai_request_model="m"'
    for (const line of [
      'fedai_jobs_total{task="text.chat",status="ok"} 1',
      'fedai_jobs_total{task="text.chat",status="partial"} 1',
      'fedai_charged_msat_total 424',
      'fedai_events_refused_total{code="event.stale"} 17',
      'fedai_runner_failures_total{runner="llama",trouble="oom"} 1',
      'fedai_log_events_total{level="error",event="unknown.event"} 1',
      `gen_ai_server_time_to_first_token_seconds_sum{${chat}} 0.2`,
      `gen_ai_server_time_to_first_token_seconds_count{${chat}} 1`,
      `gen_ai_server_request_duration_seconds_count{${chat}} 2`,
      `gen_ai_server_time_per_output_token_seconds_sum{${chat}} 0.09999999999999999`,
    ])
      expect(said).toContain(line)
  })
})
