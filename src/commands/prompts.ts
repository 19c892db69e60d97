import { openTerminal } from './terminal.ts'

/** Questions to a person: by clack where the cursor can be moved, else in plain lines. */

type Asks<T> = Readonly<{
  message: string
  /** Why it will not do. */
  validate?: (given: string) => string | undefined
  initialValue?: T
}>

/** An answer is null where the question was left. */
export type Prompts = Readonly<{
  confirm(of: Asks<boolean>): Promise<boolean | null>
  /** What is typed is not shown. */
  password(of: Asks<string>): Promise<string | null>
  text(of: Asks<string> & { defaultValue?: string }): Promise<string | null>
  select<T extends string>(
    of: Asks<T> & { options: readonly { value: T; label: string; hint: string }[] },
  ): Promise<T | null>
  intro(title: string): void
  outro(title: string): void
}>

/** Loaded by who asks, since most commands ask nothing. */
export const openPrompts = async (): Promise<Prompts> =>
  openTerminal().moves ? clackPrompts() : (await import('./plain-prompts.ts')).plainPrompts(process)

/** clack writes to stdout unless told otherwise, and stdout is for the result. */
const clackPrompts = async (): Promise<Prompts> => {
  const clack = await import('@clack/prompts')
  const output = process.stderr
  const checked = ({ validate }: Asks<unknown>) =>
    validate ? { validate: (typed: string | undefined) => validate(typed ?? '') } : {}
  return {
    confirm: async ({ message, initialValue = false }) => {
      const answer = await clack.confirm({ message, initialValue, output })
      return clack.isCancel(answer) ? null : answer
    },
    password: async (of) => {
      const answer = await clack.password({ message: of.message, ...checked(of), output })
      return clack.isCancel(answer) ? null : answer
    },
    text: async (of) => {
      const { message, defaultValue } = of
      const usual = defaultValue === undefined ? {} : { defaultValue, placeholder: defaultValue }
      const answer = await clack.text({ message, ...usual, ...checked(of), output })
      return clack.isCancel(answer) ? null : answer
    },
    select: async ({ message, options, initialValue }) => {
      const answer = await clack.select<string>({
        message,
        options: [...options],
        ...(initialValue !== undefined && { initialValue: initialValue as string }),
        output,
      })
      return options.find(({ value }) => value === answer)?.value ?? null
    },
    intro: (title) => clack.intro(title, { output }),
    outro: (title) => clack.outro(title, { output }),
  }
}
