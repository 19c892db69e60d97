/** Labels of one series, in the order in which the metric names them. */
type Labels = readonly string[]

/** Numbers that only grow. */
export interface Counter {
  add(labels: Labels, by?: number): void
}

/** Numbers that are spread over buckets. */
export interface Histogram {
  observe(labels: Labels, value: number): void
}

/** What a daemon counts, for Prometheus to read. */
export interface Registry {
  counter(name: string, help: string, labels?: readonly string[]): Counter
  /** `read` is asked at each scrape; undefined: not known now. */
  gauge(name: string, help: string, read: () => number | undefined): void
  /** A counter that somebody else keeps. */
  total(name: string, help: string, read: () => number | undefined): void
  /** @param bounds upper ends of the buckets, ascending; the one to +Inf comes by itself */
  histogram(
    name: string,
    help: string,
    bounds: readonly number[],
    labels?: readonly string[],
  ): Histogram
  /** All of it in Prometheus' text format, 0.0.4. */
  text(): string
}

/** What a series is counted under once a metric has as many as it may: labels come from strangers, too. */
const OTHER = 'other'
const MOST_SERIES = 100
const LABEL_CHARS = 100

export const newRegistry = (): Registry => {
  const metrics = new Map<string, () => string[]>()
  const add = (name: string, type: string, help: string, lines: () => string[]): void => {
    if (metrics.has(name)) throw new RangeError(`the metric ${name} is there already`)
    metrics.set(name, () => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines()])
  }
  const plain =
    (type: string): Registry['gauge'] =>
    (name, help, read) =>
      add(name, type, help, () => {
        const value = read()
        return value === undefined ? [] : [`${name} ${value}`]
      })
  return {
    gauge: plain('gauge'),
    total: plain('counter'),
    counter: (name, help, labels = []) => {
      const series = newSeries(labels, () => ({ value: 0 }))
      add(name, 'counter', help, () =>
        series.all().map(({ shown, of }) => `${name}${braced(shown)} ${of.value}`),
      )
      return {
        add: (of, by = 1) => {
          series.of(of).value += by
        },
      }
    },
    histogram: (name, help, bounds, labels = []) => {
      const series = newSeries(labels, () => ({ counts: bounds.map(() => 0), sum: 0, count: 0 }))
      add(name, 'histogram', help, () =>
        series.all().flatMap(({ shown, of }) => bucketLines(name, shown, bounds, of)),
      )
      return {
        observe: (of, value) => {
          const one = series.of(of)
          const at = bounds.findIndex((bound) => value <= bound)
          if (at >= 0) one.counts[at]!++
          one.sum += value
          one.count++
        },
      }
    },
    text: () => `${[...metrics.values()].flatMap((lines) => lines()).join('\n')}\n`,
  }
}

/** The series of one metric by their labels, no more of them than MOST_SERIES. */
const newSeries = <T>(names: readonly string[], make: () => T) => {
  const all = new Map<string, { shown: string; of: T }>()
  const find = (labels: Labels): T => {
    const key = labels.join('\0')
    const known = all.get(key)
    if (known) return known.of
    const others = names.map(() => OTHER)
    if (all.size >= MOST_SERIES && key !== others.join('\0')) return find(others)
    const shown = names.map((name, i) => `${name}="${escaped(labels[i] ?? '')}"`).join(',')
    const of = make()
    all.set(key, { shown, of })
    return of
  }
  // A metric without labels is there from the start, at zero: so it can be told from one that is absent.
  if (names.length === 0) find([])
  return {
    of: (labels: Labels): T => find(labels.map((label) => label.slice(0, LABEL_CHARS))),
    all: () => [...all.values()],
  }
}

const bucketLines = (
  name: string,
  shown: string,
  bounds: readonly number[],
  { counts, sum, count }: { counts: readonly number[]; sum: number; count: number },
): string[] => {
  let below = 0
  const comma = shown === '' ? '' : `${shown},`
  const buckets = bounds.map((bound, i) => {
    below += counts[i]!
    return `${name}_bucket{${comma}le="${bound}"} ${below}`
  })
  return [
    ...buckets,
    `${name}_bucket{${comma}le="+Inf"} ${count}`,
    `${name}_sum${braced(shown)} ${sum}`,
    `${name}_count${braced(shown)} ${count}`,
  ]
}

const braced = (shown: string): string => (shown === '' ? '' : `{${shown}}`)

const escaped = (text: string): string =>
  text.replace(/[\\"\n]/g, (it) => (it === '\n' ? '\\n' : `\\${it}`))
