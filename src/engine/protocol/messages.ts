import type { z } from 'zod'
import type { Verified } from './event.ts'
import type { KindName } from './kinds.ts'
import { acknowledgement } from './acknowledgement.ts'
import { compiled } from './compiled.ts'
import { ask } from './ask.ts'
import { cancel } from './cancel.ts'
import { draw } from './draw.ts'
import { fund } from './fund.ts'
import { invoice } from './invoice.ts'
import { job } from './job.ts'
import { manifest } from './manifest.ts'
import { money } from './money.ts'
import { offers } from './offers.ts'
import { paid } from './paid.ts'
import { progress } from './progress.ts'
import { proof } from './proof.ts'
import { quota } from './quota.ts'
import { receipt } from './receipt.ts'
import { register } from './register.ts'
import { revoke } from './revoke.ts'
import { rewrap } from './rewrap.ts'
import { sheet } from './sheet.ts'
import { statement } from './statement.ts'
import { status } from './status.ts'
import { sync, tabSync } from './sync.ts'
import { ticket } from './ticket.ts'

/** The schema of each kind's content. */
export const SCHEMAS = {
  manifest,
  sheet,
  status,
  receipt,
  acknowledgement,
  ask,
  ticket,
  offers,
  job,
  progress,
  cancel,
  register,
  revoke,
  quota,
  sync,
  tab_sync: tabSync,
  rewrap,
  draw,
  statement,
  invoice,
  proof,
  fund,
  paid,
  money,
} as const satisfies Record<KindName, z.ZodType>

/** The parsed content of each kind. */
export type Bodies = { [K in KindName]: z.output<(typeof SCHEMAS)[K]> }
/** The content of each kind as it is written: amounts as decimal strings. */
export type Contents = { [K in KindName]: z.input<(typeof SCHEMAS)[K]> }

/** Kinds that are not addressed to one key: everybody may read them. */
export const PUBLIC_KINDS: ReadonlySet<KindName> = new Set(['manifest', 'sheet', 'status'])

/** A verified message: `name` says which kind, and so what `body` is. */
export type Message<K extends KindName = KindName> = {
  [N in K]: Verified<Bodies[N]> & Readonly<{ name: N }>
}[K]

/**
 * The parsed content of a kind, or undefined where its schema has to say what is wrong: of the same text, parsed anew,
 * since this takes `content` over. The quick way is made when the first one of its kind comes: a command hears few.
 */
export const bodyOf = <K extends KindName>(name: K, content: unknown): Bodies[K] | undefined => {
  let read = readers.get(name)
  if (!read) readers.set(name, (read = compiled<unknown>(SCHEMAS[name])))
  return read(content) as Bodies[K] | undefined
}

const readers = new Map<KindName, (content: unknown) => unknown>()
