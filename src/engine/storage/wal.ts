/**
 * A database with what its -wal holds of it, in memory: as SQLite reads both where it can make a -shm beside them
 * (sqlite.org/fileformat2.html, 4). On a full disk, or in a folder that nobody here may write, it cannot.
 * @param file the database, in whole pages
 * @returns a database without a -wal; what was not committed, and what is torn, is not in it
 */
export const withWal = (file: Uint8Array, wal: Uint8Array): Uint8Array => {
  const frames = framesOf(wal)
  const last = frames.findLastIndex(({ pages }) => pages > 0)
  const size = last < 0 ? file.length : frames[last]!.pages * frames[last]!.page.length
  const whole = new Uint8Array(size)
  whole.set(file.subarray(0, size))
  for (const { number, page } of frames.slice(0, last + 1)) {
    const at = (number - 1) * page.length
    if (at >= 0 && at + page.length <= size) whole.set(page, at)
  }
  // Read and write version of the file format (1.3): 2 is WAL, which memory has not.
  if (size > 19) whole[18] = whole[19] = 1
  return whole
}

/** A page as it was written; `pages`: of the whole database where it ends a commit, else 0. */
type Frame = Readonly<{ number: number; pages: number; page: Uint8Array }>

/** All frames up to the first that is not of this -wal: an older one is written over from its beginning. */
const framesOf = (wal: Uint8Array): Frame[] => {
  const view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength)
  if (wal.length < HEADER || (view.getUint32(0) & ~1) !== MAGIC) return []
  const isLittle = (view.getUint32(0) & 1) === 0
  const pageSize = view.getUint32(8)
  if (pageSize < 512 || pageSize > 65_536) return []
  const sum = summer(view, isLittle)
  if (!sum.add(0, 24).is(24)) return []
  const frames: Frame[] = []
  for (let at = HEADER; at + FRAME + pageSize <= wal.length; at += FRAME + pageSize) {
    const isOurs = SALTS.every(
      (salt) => view.getUint32(at + 8 + salt) === view.getUint32(16 + salt),
    )
    const from = at + FRAME
    if (
      !isOurs ||
      !sum
        .add(at, 8)
        .add(from, pageSize)
        .is(at + 16)
    )
      break
    const page = wal.subarray(from, from + pageSize)
    frames.push({ number: view.getUint32(at), pages: view.getUint32(at + 4), page })
  }
  return frames
}

/** The running checksum of a -wal (4.2), over pairs of 32-bit words. */
const summer = (view: DataView, isLittle: boolean) => {
  let [one, two] = [0, 0]
  const sum = {
    add: (from: number, length: number) => {
      for (let at = from; at < from + length; at += 8) {
        one = (one + view.getUint32(at, isLittle) + two) >>> 0
        two = (two + view.getUint32(at + 4, isLittle) + one) >>> 0
      }
      return sum
    },
    is: (at: number): boolean => view.getUint32(at) === one && view.getUint32(at + 4) === two,
  }
  return sum
}

const HEADER = 32
const FRAME = 24
const SALTS = [0, 4] as const
const MAGIC = 0x37_7f_06_82
