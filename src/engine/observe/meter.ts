import type { Fields, Log } from '../base/log.ts'
import type { Registry } from './metrics.ts'

/** Buckets of OpenTelemetry's semantic conventions for generative AI, s. */
const FIRST_S = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]
const WHOLE_S = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
]
const PER_TOKEN_S = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]
/** `gen_ai.operation.name` and `gen_ai.request.model`, as Prometheus may name them. */
const GEN_AI = ['gen_ai_operation_name', 'gen_ai_request_model']

/**
 * A log that also counts. What a daemon tells is what it counts, so that lines and figures use the same
 * words and no mind has to know that it is measured.
 */
export const metered = (log: Log, registry: Registry): Log => {
  const count = counters(registry)
  const both =
    (level: keyof Log) =>
    (event: string, fields: Fields = {}) => {
      log[level](event, fields)
      count(level, event, fields)
    }
  return { info: both('info'), warn: both('warn'), error: both('error') }
}

const counters = (registry: Registry) => {
  const lines = registry.counter('fedai_log_events_total', 'What was logged, by event.', [
    'level',
    'event',
  ])
  const jobs = registry.counter(
    'fedai_jobs_total',
    'Jobs that have a receipt, by how they ended.',
    ['task', 'status'],
  )
  const msat = registry.counter('fedai_charged_msat_total', 'Sum of the receipts, msat.')
  const refused = registry.counter(
    'fedai_events_refused_total',
    'Events that did not pass intake, by reason.',
    ['code'],
  )
  const failures = registry.counter(
    'fedai_runner_failures_total',
    'Jobs that a runner did not finish, by reason.',
    ['runner', 'trouble'],
  )
  const first = registry.histogram(
    'gen_ai_server_time_to_first_token_seconds',
    'From the job to its first piece.',
    FIRST_S,
    GEN_AI,
  )
  const whole = registry.histogram(
    'gen_ai_server_request_duration_seconds',
    'From the job to its receipt.',
    WHOLE_S,
    GEN_AI,
  )
  const perToken = registry.histogram(
    'gen_ai_server_time_per_output_token_seconds',
    'Between two tokens after the first, on average over a job.',
    PER_TOKEN_S,
    GEN_AI,
  )

  const job = (fields: Fields): void => {
    const task = String(fields['task']).split('@')[0]!
    const labels = [operationOf(task), String(fields['model'])]
    jobs.add([task, String(fields['status'])])
    msat.add([], Number(fields['cost_msat'] ?? 0))
    const { ms, first_ms: firstMs, out_tokens: tokens } = fields
    if (typeof ms === 'number') whole.observe(labels, ms / 1000)
    if (typeof firstMs !== 'number') return
    first.observe(labels, firstMs / 1000)
    if (typeof ms === 'number' && typeof tokens === 'number' && tokens > 1)
      perToken.observe(labels, (ms - firstMs) / 1000 / (tokens - 1))
  }

  return (level: keyof Log, event: string, fields: Fields): void => {
    lines.add([level, event])
    // A router records jobs, a node serves them: each of them counts its own.
    if (event === 'job.recorded' || event === 'job.served') job(fields)
    else if (event === 'event.refused' || event === 'peer.absent')
      refused.add([String(fields['code'])], Number(fields['count'] ?? 1))
    else if (event === 'runner.failed')
      failures.add([String(fields['runner']), String(fields['trouble'])])
  }
}

/** The well-known values of `gen_ai.operation.name`; tasks that have none keep their own name. */
const operationOf = (task: string): string =>
  ({ 'text.chat': 'chat', 'text.generate': 'text_completion', 'text.embed': 'embeddings' })[task] ??
  task
