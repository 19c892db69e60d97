import type { Settings } from '../../engine/base/config/resolve.ts'
import type { Fault } from '../../engine/base/fault.ts'
import type { Log } from '../../engine/base/log.ts'
import type { Signer } from '../../engine/identity/seams.ts'
import type { Notifier } from '../../engine/observe/notify.ts'
import type { LedgerStore } from '../../engine/storage/money-store.ts'
import type { Terminal } from '../terminal.ts'

/** What every daemon has, and its role is made of. */
export type Means = Readonly<{
  /** The name of the identity. */
  name: string
  signer: Signer
  store: LedgerStore
  log: Log
  /** The log is JSON lines. */
  isJson: boolean
  terminal: Terminal
  notifier: Notifier
  /** Aborted when the daemon is to end: what still opens need not. */
  stop: AbortSignal
  /** The role can go on no longer. */
  broken: (fault: Fault) => void
}>

/** A role that does its work. */
export type Service = Readonly<{
  /** What others on this machine dial; null where nobody can. */
  address: string | null
  /** What is said of it once it is ready, beside its role and the time that it took. */
  about: string
  /** The same for programs. */
  fields: Readonly<Record<string, unknown>>
  /** How it stands, in numbers. */
  figures: () => Readonly<Record<string, number>>
  /** Why no job could be served now; null where one could. */
  notReady: () => string | null
  /** Takes what can be taken while it runs. */
  reload: (settings: Settings) => Promise<void>
  /** Takes nothing new; resolves when what is open has ended. */
  drain: () => Promise<void>
  /** Ends at once, with a word to everybody. */
  close: () => Promise<void>
}>

export type DaemonOptions = Readonly<{
  passphraseFile?: string | undefined
  json?: boolean | undefined
  quiet?: boolean | undefined
}>

/** One of the daemons. */
export type Daemon = Readonly<{
  role: 'router' | 'node'
  options: DaemonOptions
  version: string
  /** Flags, variables and file as they are now: read at the start, and again on HUP. */
  settings: () => Promise<Settings>
  open: (settings: Settings, means: Means) => Promise<Service>
}>
