import { Fault } from '../engine/base/fault.ts'
import { type Prompts, openPrompts } from './prompts.ts'
import { NAME_RULE, isName } from './values.ts'

/** What `fedai init` needs to know about an identity. */
export type Answers = Readonly<{
  name: string
  /** The file an existing key is in, or `-`; absent: a new key. */
  source?: string
  /** Absent: the file is not encrypted. */
  passphrase?: string
}>

/** Asks for what no flag has answered. Each question names its default and what an answer leads to. */
export const ask = async (
  before: Partial<Answers>,
  defaultName: string,
  taken: readonly string[],
): Promise<Answers> => {
  const prompts = await openPrompts()
  prompts.intro('A Nostr key, in a file that only you can read')
  const name =
    before.name ??
    (await answer(
      prompts.text({
        message: 'What shall this identity be called on this machine?',
        defaultValue: defaultName,
        validate: (typed) => checkName(typed || defaultName, taken),
      }),
    ))
  const source = before.source ?? (await askSource(prompts))
  const passphrase = before.passphrase ?? (await askPassphrase(prompts))
  prompts.outro('nothing was published')
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

const askSource = async ({ select, text }: Prompts): Promise<string | undefined> => {
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
    }),
  )
  if (kind === 'new') return undefined
  return answer(
    text({
      message: 'In which file?',
      validate: (typed) => (typed ? undefined : 'name a file'),
    }),
  )
}

const askPassphrase = async ({ confirm, password }: Prompts): Promise<string | undefined> => {
  const wanted = await answer(
    confirm({
      message:
        'Encrypt it with a passphrase? With one, each use asks for it; without, the file is enough',
      initialValue: false,
    }),
  )
  if (!wanted) return undefined
  const first = await answer(
    password({
      message: 'Passphrase',
      validate: (typed) => (typed ? undefined : 'write something'),
    }),
  )
  await answer(
    password({
      message: 'Once more',
      validate: (typed) => (typed === first ? undefined : 'this is not the same'),
    }),
  )
  return first
}

const answer = async <T>(question: Promise<T | null>): Promise<T> => {
  const given = await question
  if (given === null)
    throw new Fault('interrupted', 'interrupted', 'interrupted; nothing was written')
  return given
}
