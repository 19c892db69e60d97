import { z } from 'zod'

/** What `fedai schema --json` prints. */
export const schemasShape = z.object({
  v: z.literal(1),
  type: z.literal('schemas'),
  /** Arguments of `fedai schema`: commands by their words, and fedai.toml. */
  commands: z.array(z.string()),
})

/** A name of the registry as people call the command. */
export const calledAs = (name: string): string =>
  name === 'fedai' ? name : `fedai ${name === 'version' ? '--version' : name}`
