import type { Registry } from './metrics.ts'

/** What Prometheus' own clients say of every process, under the same names. */
export const addProcessMetrics = (registry: Registry, version: string, role: string): void => {
  registry
    .counter('fedai_build_info', 'What runs here; always 1.', ['version', 'role'])
    .add([version, role])
  registry.gauge('process_resident_memory_bytes', 'Memory of the process.', () =>
    process.memoryUsage.rss(),
  )
  registry.total('process_cpu_seconds_total', 'User and system time of the process.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  const started = Date.now() / 1000 - process.uptime()
  registry.gauge('process_start_time_seconds', 'When the process started.', () => started)
}
