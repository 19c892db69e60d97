/** Everything is visited with FEDAI_TEST_FULL=1, as .ci/run does. */
const IS_FULL = process.env['FEDAI_TEST_FULL'] === '1'

/**
 * Points of a sweep: all of them in a full run, else each so many-th. Of points that come in pairs, before
 * and after a deed, an odd number meets both sides.
 */
export const thinned = <T>(points: readonly T[], every: number): readonly T[] =>
  IS_FULL ? points : points.filter((_, i) => i % every === 0)
