import { address } from './address.ts'
import { beyond } from './beyond.ts'
import { bytes } from './bytes.ts'
import type { Hostile } from './case.ts'
import { content } from './content.ts'
import { every } from './every.ts'
import { proof } from './proof.ts'
import { schema } from './schema.ts'
import { shape } from './shape.ts'
import { time } from './time.ts'

export type { Hostile } from './case.ts'

/** Events that must be refused, each with the code it must get: one thing is wrong with each. */
export const hostile = (): Hostile[] =>
  unlike([
    ...bytes(),
    ...shape(),
    ...proof(),
    ...address(),
    ...time(),
    ...content(),
    ...every(),
    ...beyond(),
    ...schema(),
  ])

/** Two tables may say the same of one field: each event once. */
const unlike = (rows: readonly Hostile[]): Hostile[] => {
  const seen = new Set<string>()
  return rows.filter((row) => {
    if (!('text' in row) || row.first !== undefined) return true
    const isNew = !seen.has(row.text)
    seen.add(row.text)
    return isNew
  })
}
