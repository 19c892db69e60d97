import type { z } from 'zod'
import { Fault } from '../../engine/base/fault.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { count } from '../figures.ts'
import { readSettings } from '../settings.ts'
import { openTerminal } from '../terminal.ts'
import { namer, readTrust } from '../trust/set.ts'
import { parseWhole } from '../values.ts'
import { utc } from './invoice.ts'
import { readUserLedger } from './ledger.ts'
import type { historyShape } from './shape.ts'
import { emitResult, entryLine, entryObject, money } from './show.ts'

type Options = Readonly<{
  net?: string | undefined
  limit?: string | undefined
  csv?: boolean | undefined
  json?: boolean | undefined
}>

const USUAL = 1_000
const MOST = 1_000_000

/**
 * `fedai pay history`: payments, the newest first. Asks nobody.
 * @throws Fault `usage` `pay.two_formats`; those of settings and ledger
 */
export const showHistory = async (options: Options): Promise<void> => {
  const terminal = openTerminal(options)
  if (options.csv && options.json)
    throw new Fault('usage', 'pay.two_formats', '--csv and --json are two formats', {
      hint: 'keep one',
    })
  const limit = options.limit === undefined ? USUAL : parseWhole(options.limit, '--limit', 1, MOST)
  const net = (await readSettings({ net: options.net })).get('net')
  const found = readUserLedger(net, (ledger) => ledger.payments(limit + 1))
  const entries = found.slice(0, limit)
  const more = found.length > limit
  const sums = sumsOf(entries)
  if (terminal.json) return emitResult(terminal, historyObject(net, entries, sums, more), () => '')
  if (options.csv) return terminal.emit(csv(entries, net))
  const show = namer(readTrust())
  for (const it of entries) await terminal.emit(`${utc(it.at)}  ${entryLine(it, show)}\n`)
  if (entries.length === 0) return terminal.say(`nothing was paid on ${net} yet`)
  const fees = sums.fees === 0n ? '' : `, and ${money(sums.fees, net)} for routing`
  terminal.say(`${count(entries.length, 'payment')} · ${money(sums.paid, net)} paid${fees}`)
  if (more) terminal.say(`older ones are left out: --limit ${Math.min(MOST, limit * 10)}`)
}

type Sums = Readonly<{ paid: bigint; fees: bigint }>

const sumsOf = (entries: readonly Entry[]): Sums =>
  entries
    .filter(({ state }) => state === 'settled')
    .reduce(({ paid, fees }, it) => ({ paid: paid + it.msat, fees: fees + (it.fee ?? 0n) }), {
      paid: 0n,
      fees: 0n,
    })

const historyObject = (
  net: Net,
  entries: readonly Entry[],
  { paid, fees }: Sums,
  more: boolean,
): z.output<typeof historyShape> => ({
  v: 1,
  type: 'history',
  net,
  payments: entries.map(entryObject),
  paid_msat: String(paid),
  fees_msat: String(fees),
  more,
})

const COLUMNS = [
  'time',
  'net',
  'state',
  'purpose',
  'amount_msat',
  'fee_msat',
  'payee',
  'hash',
  'seq',
  'reason',
] as const

/** RFC 4180. Only numbers, hex and words of ours: no field needs quotes, and none is a formula to a spreadsheet. */
const csv = (entries: readonly Entry[], net: Net): string =>
  [COLUMNS.join(','), ...entries.map((it) => csvRow(it, net))].map((row) => `${row}\r\n`).join('')

const csvRow = (it: Entry, net: Net): string =>
  [
    new Date(it.at).toISOString(),
    net,
    it.state,
    it.purpose,
    it.msat,
    it.fee ?? '',
    it.payee ?? '',
    it.hash,
    it.seq,
    (it.reason ?? '').replace(/[^\w.]/g, ''),
  ].join(',')
