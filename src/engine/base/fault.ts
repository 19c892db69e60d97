/**
 * What kind of thing went wrong. The kind alone decides the exit code; the
 * numbers are those of sysexits.h where it has a fitting one.
 */
export type FaultKind =
  | 'usage' // the command line is wrong
  | 'data' // the input is wrong
  | 'unavailable' // nobody reachable, or nobody offers such a task or model
  | 'bug' // ours
  | 'io' // disk, ledger
  | 'again' // no capacity now, or node or runner failed
  | 'verification' // a signature, a receipt or a pinned key does not hold
  | 'refused' // by budget or policy
  | 'config' // key files, configuration
  | 'uncertain' // money may have moved, and nobody can say yet
  | 'interrupted' // Ctrl-C

export const EXIT_CODES: Readonly<Record<FaultKind, number>> = {
  usage: 64,
  data: 65,
  unavailable: 69,
  bug: 70,
  io: 74,
  again: 75,
  verification: 76,
  refused: 77,
  config: 78,
  uncertain: 80,
  interrupted: 130,
}

type FaultOptions = { hint?: string; cause?: unknown }

/**
 * The only error class of the house.
 *
 * `code` is stable and dotted (`ticket.expired`), for scripts; `message` is one
 * sentence for people; `hint` says what to do, in the imperative.
 */
export class Fault extends Error {
  // A literal, because minification renames classes (and `constructor.name`).
  override readonly name = 'Fault'
  readonly kind: FaultKind
  readonly code: string
  readonly hint: string | undefined

  constructor(kind: FaultKind, code: string, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.code = code
    this.hint = options.hint
  }
}

/** True for a Fault, also one of another copy of this module. */
export const isFault = (error: unknown): error is Fault =>
  error instanceof Error && error.name === 'Fault'

/** Any thrown thing as a Fault; what was not foreseen is a bug of ours. */
export const asFault = (error: unknown): Fault => {
  if (isFault(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  return new Fault('bug', 'bug.unforeseen', message, { cause: error })
}
