import { openLibc } from '../base/libc.ts'

/** prctl(2). */
const PR_SET_DUMPABLE = 4

let asked = false

/**
 * From here on a crash of this process leaves no core file, and no other process of the same user can
 * read its memory or attach to it: a secret key is in it. Linux only; elsewhere nothing happens.
 * A limit of core files (RLIMIT_CORE) was refused: with core_pattern a pipe it does not count.
 */
export const forbidDumps = (): void => {
  if (asked) return
  asked = true
  if (process.platform !== 'linux') return
  openLibc({ prctl: { args: ['i32', 'u64', 'u64', 'u64', 'u64'], returns: 'i32' } })?.prctl(
    PR_SET_DUMPABLE,
    0,
    0,
    0,
    0,
  )
}
