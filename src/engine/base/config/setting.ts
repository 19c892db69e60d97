import type { Value } from './values.ts'

/** A value as TOML can have it. */
export type Written = string | number | boolean | readonly string[]

type About = Readonly<{
  /** One sentence. */
  doc: string
  /** As it is written in the file. */
  example: Written
  /** Which flag says the same, and on which command. */
  flag?: string
  /** Whether a running daemon takes a new value on HUP. */
  reload: boolean
}>

/** Something that can be set: what it may be, what it is if nobody says, and what it is for. */
export type Setting<T> = About &
  Readonly<{
    value: Value<Exclude<T, undefined>>
    /** As it is written in the file; undefined where there is none. */
    usual: Written | undefined
  }>

/** A setting that always has a value. */
export const setting = <T>(value: Value<T>, usual: Written, about: About): Setting<T> => ({
  ...about,
  value: value as Value<Exclude<T, undefined>>,
  usual,
})

/** A setting that is undefined unless somebody sets it. */
export const optional = <T>(value: Value<T>, about: About): Setting<T | undefined> => ({
  ...about,
  value: value as Value<Exclude<T, undefined>>,
  usual: undefined,
})
