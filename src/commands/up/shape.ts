import { z } from 'zod'
import { resultShape } from '../request/shape.ts'
import { hex, npubText } from '../shapes.ts'

/** What `fedai up --json` prints, a line for each: it is up, things happen, it has ended. */

export const readyShape = z.object({
  v: z.literal(1),
  type: z.literal('ready'),
  net: z.string(),
  router: z.object({ key: hex, address: z.string(), npub: npubText, pinned: z.string() }),
  node: z.object({
    key: hex,
    tasks: z.array(z.object({ task: z.string(), models: z.array(z.string()) })),
  }),
})

/** Something that happened. Its name has a dot; its fields depend on the name. */
const happenedShape = z.looseObject({
  v: z.literal(1),
  type: z.string().regex(/^[a-z]+\.[a-z_]+$/),
})

const endedShape = z.object({ v: z.literal(1), type: z.literal('ended') })

/** With `--once` a result for each job, as `fedai request --json` prints it. */
export const upShape = z.union([readyShape, happenedShape, endedShape, resultShape])
