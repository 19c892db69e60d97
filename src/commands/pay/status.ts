import type { z } from 'zod'
import { type Msat, showLeft, showMsat } from '../../engine/base/money.ts'
import type { Net } from '../../engine/protocol/event.ts'
import { paidRows } from '../../engine/roles/client/results.ts'
import type { SpendingCaps } from '../../engine/spending/caps.ts'
import { count } from '../figures.ts'
import { readSettings } from '../settings.ts'
import { openTerminal } from '../terminal.ts'
import { namer, readTrust } from '../trust/set.ts'
import { type Standing, readUserLedger, standingOf } from './ledger.ts'
import { type Seen, lookAtWallet } from './look.ts'
import { capsOf } from './purse.ts'
import { keptWords } from './results.ts'
import type { statusShape } from './shape.ts'
import {
  PAYING_KINDS,
  TESTED,
  emitResult,
  entryLine,
  entryObject,
  labelled,
  money,
  ofCap,
  orNull,
  walletLines,
  walletObject,
} from './show.ts'

type Options = Readonly<{
  net?: string | undefined
  passphraseFile?: string | undefined
  json?: boolean | undefined
}>

/**
 * `fedai pay status`: the wallet, tabs, what is in flight, and this day against the caps. Where the wallet does not
 * answer, the rest is shown all the same. Nothing is written: no ledger, identity or account is made by looking.
 * @throws Fault of the wallet, after everything else was shown; those of settings and ledger
 */
export const showStatus = async (options: Options): Promise<void> => {
  const terminal = openTerminal(options)
  const settings = await readSettings({ net: options.net })
  const net = settings.get('net')
  const standing = readUserLedger(net, (ledger) => ({
    ...standingOf(ledger),
    kept: paidRows(ledger).length,
  }))
  const seen = await lookAtWallet({ settings, terminal, passphraseFile: options.passphraseFile })
  const caps = capsOf(settings)
  await emitResult(terminal, statusObject(net, seen, standing, caps), () =>
    statusText(net, seen, standing, caps),
  )
  if (seen.fault) throw seen.fault
  if (!seen.info) terminal.say(`try: fedai pay connect --net ${net} --file FILE`)
  else if (standing.open.length > 0 || standing.kept > 0) terminal.say('try: fedai pay resolve')
}

/** With how many results by hold are paid and not handed out. */
type Seeing = Standing & Readonly<{ kept: number }>

const statusObject = (
  net: Net,
  { info, account, balance, fault }: Seen,
  { open, tabs, spentToday, unused, kept }: Seeing,
  caps: SpendingCaps,
): z.output<typeof statusShape> => ({
  v: 1,
  type: 'pay_status',
  net,
  wallet: info && walletObject(info),
  account,
  balance_msat: orNull(balance),
  adapters: PAYING_KINDS.map((kind) => ({ kind, tested: TESTED[kind] })),
  spent_today_msat: String(spentToday),
  budget_msat: orNull(caps.budget),
  max_exposure_msat: orNull(caps.exposure),
  tabs: tabs.length,
  unused_msat: String(unused),
  open: open.map(entryObject),
  kept,
  error: fault && { code: fault.code, message: fault.message, hint: fault.hint ?? null },
})

const accountLine = (account: string | null, balance: Msat | null, net: Net): string =>
  [
    account ?? 'none yet',
    balance === null ? 'the first payment makes and fills it' : money(balance, net),
  ].join(' · ')

const statusText = (
  net: Net,
  { info, account, balance, fault }: Seen,
  { open, tabs, spentToday, unused, kept }: Seeing,
  caps: SpendingCaps,
): string => {
  const show = namer(readTrust())
  const wallet = info ? walletLines(info) : [fault ? fault.message : `none is connected on ${net}`]
  const fakes = PAYING_KINDS.filter((kind) => TESTED[kind].includes('fake only'))
  return labelled([
    ['wallet', wallet],
    ...(info?.kind === 'sim' ? [['account', [accountLine(account, balance, net)]] as const] : []),
    ['adapters', [`${fakes.join(', ')}: tested against a fake only`]],
    [
      'today',
      [`${ofCap(spentToday, caps.budget)} (--budget)${net === 'sim' ? ', play money' : ''}`],
    ],
    [
      'tabs',
      [
        `${tabsAt(tabs)} · ${showLeft(unused)} paid and unused${caps.exposure === null ? '' : `, at most ${showMsat(caps.exposure)} at each (--max-exposure)`}`,
      ],
    ],
    ['in flight', open.length === 0 ? ['nothing'] : open.map((it) => entryLine(it, show))],
    ...(kept === 0 ? [] : [['results', [keptWords(kept)]] as const]),
  ])
}

/** `2 tabs at 1 node`: an identity of its own, or `--as`, has a tab of its own at a node. */
const tabsAt = (tabs: Standing['tabs']): string =>
  `${count(tabs.length, 'tab')} at ${count(new Set(tabs.map(({ payee }) => payee)).size, 'node')}`
