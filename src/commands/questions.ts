import { confirm, intro, outro, password, select, text } from '@clack/prompts'
import { Fault } from '../engine/base/fault.ts'
import { NAME_RULE, isName } from './values.ts'

/** What `fedai init` needs to know about an identity. */
export type Answers = Readonly<{
  name: string
  /** The file an existing key is in, or `-`; absent: a new key. */
  source?: string
  /** Absent: the file is not encrypted. */
  passphrase?: string
}>

// clack writes to stdout unless told otherwise, and stdout is for the result.
const output = process.stderr

/** Asks for what no flag has answered. Each question names its default and what an answer leads to. */
export const ask = async (
  before: Partial<Answers>,
  defaultName: string,
  taken: readonly string[],
): Promise<Answers> => {
  intro('A Nostr key, in a file that only you can read', { output })
  const name =
    before.name ??
    (await answer(
      text({
        message: 'What shall this identity be called on this machine?',
        placeholder: defaultName,
        defaultValue: defaultName,
        validate: (typed) => checkName(typed || defaultName, taken),
        output,
      }),
    ))
  const source = before.source ?? (await askSource())
  const passphrase = before.passphrase ?? (await askPassphrase())
  outro('nothing was published', { output })
  return {
    name,
    ...(source !== undefined && { source }),
    ...(passphrase !== undefined && { passphrase }),
  }
}

const checkName = (name: string, taken: readonly string[]): string | undefined => {
  if (taken.includes(name)) return `${name} is there already, and a key is never overwritten`
  return isName(name) ? undefined : NAME_RULE
}

const askSource = async (): Promise<string | undefined> => {
  const kind = await answer(
    select({
      message: 'Which key?',
      options: [
        { value: 'new', label: 'a new one', hint: 'the default: nobody has seen it' },
        {
          value: 'file',
          label: 'one that I have in a file',
          hint: 'nsec1…, ncryptsec1… or 64 hex digits',
        },
      ],
      initialValue: 'new',
      output,
    }),
  )
  if (kind === 'new') return undefined
  return answer(
    text({
      message: 'In which file?',
      validate: (typed) => (typed ? undefined : 'name a file'),
      output,
    }),
  )
}

const askPassphrase = async (): Promise<string | undefined> => {
  const wanted = await answer(
    confirm({
      message:
        'Encrypt it with a passphrase? With one, each use asks for it; without, the file is enough',
      initialValue: false,
      output,
    }),
  )
  if (!wanted) return undefined
  const first = await answer(
    password({
      message: 'Passphrase',
      validate: (typed) => (typed ? undefined : 'write something'),
      output,
    }),
  )
  await answer(
    password({
      message: 'Once more',
      validate: (typed) => (typed === first ? undefined : 'this is not the same'),
      output,
    }),
  )
  return first
}

// A cancelled question is answered by a symbol.
const answer = async <T>(question: Promise<T>): Promise<Exclude<T, symbol>> => {
  const given = await question
  if (typeof given === 'symbol')
    throw new Fault('interrupted', 'interrupted', 'interrupted; nothing was written')
  return given as Exclude<T, symbol>
}
