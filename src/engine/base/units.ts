/** Spans of time and sizes as people write them, and back. Plain functions: callers say what is wrong. */

const SPANS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const
const SIZES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** `500ms`, `30s`, `5m`, `1h` in milliseconds; undefined for anything else, a bare number too. */
export const parseMs = (text: string): number | undefined => {
  const [, digits, unit] = /^([0-9]{1,9}) ?(ms|s|m|h)$/.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits) * SPANS[unit as keyof typeof SPANS]
}

/** `512B`, `64KiB`, `8MiB`, `1GiB` in bytes; undefined for anything else, a bare number too. */
export const parseBytes = (text: string): number | undefined => {
  const [, digits, unit] = /^([0-9]{1,9}) ?(B|KiB|MiB|GiB)$/.exec(text) ?? []
  return digits === undefined ? undefined : Number(digits) * SIZES[unit as keyof typeof SIZES]
}

/** Milliseconds as `parseMs` reads them, in the largest unit that loses nothing. */
export const writeMs = (ms: number): string => written(ms, SPANS)

/** Bytes as `parseBytes` reads them, in the largest unit that loses nothing. */
export const writeBytes = (bytes: number): string => written(bytes, SIZES)

const written = (n: number, units: Readonly<Record<string, number>>): string => {
  const fitting = Object.entries(units).filter(([, size]) => n >= size && n % size === 0)
  const [unit, size] = fitting.at(-1) ?? Object.entries(units)[0]!
  return `${n / size}${unit}`
}
