import type { z } from 'zod'
import { openSecp256k1 } from '../engine/identity/secp256k1.ts'
import type { versionShape } from './overview-shape.ts'
import { writeOut } from './stdout.ts'

/** `fedai --version --json`: the version, and what a report of a bug needs besides. */
export const showVersion = async (version: string): Promise<void> => {
  const { backend } = await openSecp256k1()
  const object: z.output<typeof versionShape> = {
    v: 1,
    type: 'version',
    version,
    bun: Bun.version,
    platform: `${process.platform}-${process.arch}`,
    secp256k1: backend,
  }
  writeOut(`${JSON.stringify(object)}\n`)
}
