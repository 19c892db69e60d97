/** Everything is visited with FEDAI_TEST_FULL=1, as .ci/run does. */
const IS_FULL = process.env['FEDAI_TEST_FULL'] === '1'

/**
 * Where a sweep that is thinned begins: hex digits, such as those of a commit, so that each commit visits other points
 * and the same one the same (.ci/run). 0 without.
 */
const SWEEP = process.env['FEDAI_SWEEP'] || '0'

/**
 * Points of a sweep: all of them in a full run, else each so many-th. Of points that come in pairs, before
 * and after a deed, an odd number meets both sides.
 */
export const thinned = <T>(points: readonly T[], every: number): readonly T[] => {
  const first = firstOf(points.length, every)
  return IS_FULL ? points : points.filter((_, i) => i % every === first)
}

/** For whoever reads a log: which of them are visited, and how they are again. */
export const sweepOf = (count: number, every: number): string =>
  IS_FULL
    ? `all ${count} points`
    : `each ${every}th of ${count} points, from ${firstOf(count, every)} (FEDAI_SWEEP=${SWEEP})`

const firstOf = (count: number, every: number): number =>
  Number(BigInt(`0x${SWEEP}`) % BigInt(Math.max(1, Math.min(every, count))))
