import type { z } from 'zod'
import { Fault } from '../../engine/base/fault.ts'
import { nearest } from '../../engine/base/nearest.ts'
import { npub, parseKey } from '../../engine/identity/keys.ts'
import { count } from '../figures.ts'
import { type Terminal, openTerminal } from '../terminal.ts'
import { type Trusted, changeTrust, isTrustName, namer, readTrust, trustPath } from './set.ts'
import type { trustChangeShape, trustSetShape } from './shape.ts'

type Options = Readonly<{ json?: boolean | undefined }>

/**
 * `fedai trust add`. Adding a key twice is no error; what is said newly about it is taken over.
 * @throws Fault `usage` `key.npub` | `trust.name` | `trust.name_taken`; those of changeTrust
 */
export const addKey = async (
  text: string,
  options: Options & Readonly<{ name?: string | undefined; own?: boolean | undefined }>,
): Promise<void> => {
  const terminal = openTerminal(options)
  const key = parseKey(text, 'this')
  const { name, own } = options
  if (name !== undefined && !isTrustName(name))
    throw new Fault('usage', 'trust.name', `${JSON.stringify(name.slice(0, 40))} is no name`, {
      hint: 'use 1 to 32 printable characters, no space at either end, that do not begin like a key',
    })
  let before: Trusted | undefined
  let now: Trusted = { key, name: name ?? null, own: own ?? false }
  await changeTrust((all) => {
    const holder = all.find((it) => it.name === name && it.key !== key)
    if (name !== undefined && holder)
      throw new Fault('usage', 'trust.name_taken', `${name} is the name of ${npub(holder.key)}`, {
        hint: 'choose another name, so that nobody is taken for somebody else',
      })
    before = all.find((it) => it.key === key)
    if (!before) return [...all, now]
    now = { key, name: name ?? before.name, own: own ?? before.own }
    return same(before, now) ? null : all.map((it) => (it.key === key ? now : it))
  })
  const shown = namer([now])(key)
  const status = !before ? 'added' : same(before, now) ? 'unchanged' : 'changed'
  if (terminal.json) return emit(terminal, change(status, now))
  const asOwn = now.own ? ' as your own' : ''
  if (status === 'unchanged') terminal.say(`${shown} was trusted already${asOwn}`)
  else terminal.say(`${shown} is trusted${asOwn}, in ${trustPath()}`)
}

/**
 * `fedai trust remove`, by key or by name.
 * @throws Fault `data` `trust.unknown`; `usage` `key.npub`; those of changeTrust
 */
export const removeKey = async (text: string, options: Options): Promise<void> => {
  const terminal = openTerminal(options)
  let gone: Trusted | undefined
  await changeTrust((all) => {
    gone = find(all, text)
    return all.filter((it) => it !== gone)
  })
  if (terminal.json) return emit(terminal, change('removed', gone!))
  terminal.say(`${namer([gone!])(gone!.key)} is trusted no longer`)
}

/** `fedai trust list`. */
export const listKeys = async (options: Options): Promise<void> => {
  const terminal = openTerminal(options)
  const all = readTrust()
  if (terminal.json) return emit(terminal, setOf(all))
  const width = Math.max(0, ...all.map((it) => it.name?.length ?? 1))
  for (const { key, name, own } of all)
    await terminal.emit(`${(name ?? '–').padEnd(width)}  ${npub(key)}${own ? '  own' : ''}\n`)
  if (all.length === 0)
    terminal.say('nobody is trusted yet\ntry: fedai trust add npub1… --name NAME')
  else terminal.say(`${count(all.length, 'key')} in ${trustPath()}`)
}

const find = (all: readonly Trusted[], text: string): Trusted => {
  const named = all.find((it) => it.name === text.trim())
  if (named) return named
  // What is no name that we know, and no key, is rather a name mistyped than a key.
  const isKey = /^(n(pub|sec)1|[0-9a-f]{64}$)/i.test(text.trim())
  const key = isKey ? parseKey(text, 'this') : undefined
  const found = all.find((it) => it.key === key)
  if (found) return found
  const names = all.flatMap((it) => it.name ?? [])
  const near = isKey ? undefined : nearest(text, names)
  throw new Fault('data', 'trust.unknown', `${text.slice(0, 80)} is not in the trust set`, {
    hint: near === undefined ? 'see: fedai trust list' : `try: fedai trust remove ${near}`,
  })
}

const same = (a: Trusted, b: Trusted): boolean => a.name === b.name && a.own === b.own

const asObject = ({ key, name, own }: Trusted) => ({ npub: npub(key), pubkey: key, name, own })

const change = (
  status: z.output<typeof trustChangeShape>['status'],
  it: Trusted,
): z.output<typeof trustChangeShape> => ({ v: 1, type: 'trust', status, ...asObject(it) })

const setOf = (all: readonly Trusted[]): z.output<typeof trustSetShape> => ({
  v: 1,
  type: 'trust_set',
  file: trustPath(),
  keys: all.map(asObject),
})

const emit = (terminal: Terminal, object: object): Promise<void> =>
  terminal.emit(`${JSON.stringify(object)}\n`)
