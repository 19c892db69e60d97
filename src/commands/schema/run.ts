import { z } from 'zod'
import { Fault } from '../../engine/base/fault.ts'
import { nearest } from '../../engine/base/nearest.ts'
import { errorShape } from '../shapes.ts'
import { openTerminal } from '../terminal.ts'
import { CONFIG_FILE, SHAPES } from './registry.ts'
import { calledAs, type schemasShape } from './result.ts'

/**
 * `fedai schema [COMMAND]`.
 * @param words that call the command; none: a list of the commands that have a schema
 * @throws Fault `usage` `schema.unknown`
 */
export const showSchema = async (
  words: readonly string[],
  options: Readonly<{ json?: boolean | undefined }>,
): Promise<void> => {
  const terminal = openTerminal(options)
  if (words.length === 0) return terminal.emit(listed(Boolean(options.json)))
  const name = words.join(' ')
  if (name === CONFIG_FILE)
    return terminal.emit(`${JSON.stringify(await fileJsonSchema(), null, 2)}\n`)
  const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name] : undefined
  if (!shape) throw unknown(name)
  await terminal.emit(`${JSON.stringify(jsonSchema(name, await shape()), null, 2)}\n`)
}

/**
 * The JSON Schema of what a command prints, on stdout and, where it fails, on stderr. Open for fields
 * of later versions: whoever reads the output should be as well.
 */
export const jsonSchema = (name: string, shape: z.ZodType): object => {
  const all = z.toJSONSchema(z.union([...parts(shape), errorShape]), {
    io: 'output',
    override: ({ jsonSchema: it }) => {
      if (it.additionalProperties === false) delete it.additionalProperties
    },
  })
  const { $schema, ...rest } = all
  return { $schema, title: `${calledAs(name)} --json`, ...rest }
}

/** The JSON Schema of fedai.toml, for editors that check while one types. */
const fileJsonSchema = async (): Promise<object> => {
  const { fileSchema } = await import('../../engine/base/config/schema.ts')
  // What is written, not what is made of it.
  const { $schema, ...rest } = z.toJSONSchema(fileSchema(), { io: 'input' })
  return { $schema, title: CONFIG_FILE, ...rest }
}

// Flat, so that a reader finds the objects at one level.
const parts = (shape: z.ZodType): z.ZodType[] =>
  shape instanceof z.ZodUnion ? (shape.options as z.ZodType[]).flatMap(parts) : [shape]

const listed = (json: boolean): string => {
  const commands = [...Object.keys(SHAPES), CONFIG_FILE]
  const object: z.output<typeof schemasShape> = { v: 1, type: 'schemas', commands }
  return json ? `${JSON.stringify(object)}\n` : `${commands.join('\n')}\n`
}

const unknown = (name: string): Fault => {
  const near = nearest(name, [...Object.keys(SHAPES), CONFIG_FILE])
  return new Fault(
    'usage',
    'schema.unknown',
    `there is no schema for ${calledAs(name).slice(0, 60)}`,
    {
      hint: near ? `try: fedai schema ${near}` : 'see: fedai schema',
    },
  )
}
