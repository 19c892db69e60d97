import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { Fault } from '../../engine/base/fault.ts'
import { unknownCommand } from '../overview.ts'
import { secretArgument } from './connect.ts'
import { isInvoiceLike } from './invoice.ts'

/**
 * The invoice that the words after `fedai pay` are; `-` stands for stdin.
 * @throws Fault `usage` `usage.unknown_command` | `usage.missing_argument` | `pay.two_invoices`, `pay.secret_argument` for what may be the
 *   credential of a wallet: it is not repeated
 */
export const invoiceIn = async (
  words: readonly string[],
  command: CommandUnknownOpts,
): Promise<string> => {
  const [first, ...rest] = words
  if (first === undefined || first === '') throw noInvoice()
  if (
    words.some((word) => /:\/\/|secret=|macaroon|rune=|^sim:/i.test(word) && !isInvoiceLike(word))
  )
    throw secretArgument()
  const isCommand = /^[a-z][a-z-]{1,19}$/.test(first) && !isInvoiceLike(first)
  if (isCommand) throw unknownCommand(first, command)
  if (rest.length > 0)
    throw new Fault('usage', 'pay.two_invoices', `${words.length} invoices are given`, {
      hint: 'pay one at a time: xargs -n 1 fedai pay --yes < FILE',
    })
  return first
}

const noInvoice = (): Fault =>
  new Fault('usage', 'usage.missing_argument', 'there is no invoice to pay', {
    hint: 'name one, or write - to read stdin: fedai pay -',
  })

/**
 * An option before the word of a command would be said to the wrong one, and `--net` there pass for nothing.
 * @throws Fault `usage` `pay.option_place`
 */
export const checkBefore = (options: object, child: string): void => {
  const [name] = Object.keys(options)
  if (name === undefined) return
  const flag = `--${name.replace(/[A-Z]/g, (it) => `-${it.toLowerCase()}`)}`
  throw new Fault('usage', 'pay.option_place', `${flag} stands before ${child}`, {
    hint: `write it behind: fedai pay ${child} ${flag}`,
  })
}
