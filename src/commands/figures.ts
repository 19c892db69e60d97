/** Numbers as people read them: a unit, and three significant digits at most (voice, rule 3). */

const three = (n: number): string => {
  if (n >= 1000) return Math.round(n).toLocaleString('en-US')
  return String(Number(n.toPrecision(3)))
}

/** Milliseconds as `340 ms`, `1.2 s` or `3 min 20 s`. */
export const showMs = (ms: number): string => {
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 59_950) return `${three(Number((ms / 1000).toPrecision(ms < 9_950 ? 2 : 3)))} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** Bytes as `812 bytes`, `64 KiB` or `1.5 MiB`. */
export const showBytes = (bytes: number): string => {
  if (bytes < 1024) return count(bytes, 'byte')
  if (bytes < 1024 ** 2) return `${three(bytes / 1024)} KiB`
  if (bytes < 1024 ** 3) return `${three(bytes / 1024 ** 2)} MiB`
  return `${three(bytes / 1024 ** 3)} GiB`
}

/** A rate as `38 tok/s`; undefined where the time was too short to say. */
export const showRate = (n: number, ms: number, unit: string): string | undefined =>
  n >= 2 && ms >= 1 ? `${three((n * 1000) / ms)} ${unit}/s` : undefined

/** `1 job`, `2 jobs`, `1,204 jobs`. */
export const count = (n: number, what: string): string =>
  `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`

/** An id shortened in the middle: `7c1e…04`. */
export const shortId = (hex: string): string => `${hex.slice(0, 4)}…${hex.slice(-2)}`
