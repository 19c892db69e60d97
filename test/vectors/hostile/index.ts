import { address } from './address.ts'
import { bytes } from './bytes.ts'
import type { Hostile } from './case.ts'
import { content } from './content.ts'
import { proof } from './proof.ts'
import { shape } from './shape.ts'
import { time } from './time.ts'

export type { Hostile } from './case.ts'

/** Events that must be refused, each with the code it must get: one thing is wrong with each. */
export const hostile = (): Hostile[] => [
  ...bytes(),
  ...shape(),
  ...proof(),
  ...address(),
  ...time(),
  ...content(),
]
