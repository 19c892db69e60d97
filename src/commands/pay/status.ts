import type { z } from 'zod'
import { type Fault, isFault } from '../../engine/base/fault.ts'
import { type Msat, showMsat } from '../../engine/base/money.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { SpendingCaps } from '../../engine/spending/caps.ts'
import { count } from '../figures.ts'
import { readSettings } from '../settings.ts'
import { openTerminal } from '../terminal.ts'
import { namer, readTrust } from '../trust/set.ts'
import { type Standing, openUserLedger, standingOf } from './ledger.ts'
import { type UserOptions, capsOf, openUserWallet, sayingLog } from './purse.ts'
import type { statusShape } from './shape.ts'
import {
  type KnownWallet,
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

/** The wallet as far as it answers. */
type Seen = Readonly<{
  info: KnownWallet | null
  account: string | null
  balance: Msat | null
  fault: Fault | null
}>

/**
 * `fedai pay status`: the wallet, tabs, what is in flight, and this day against the caps. Where the wallet does not
 * answer, the rest is shown all the same.
 * @throws Fault of the wallet, after everything else was shown; those of settings and ledger
 */
export const showStatus = async (options: Options): Promise<void> => {
  const terminal = openTerminal(options)
  const settings = await readSettings({ net: options.net })
  const net = settings.get('net')
  const store = await openUserLedger(net)
  const standing = standingOf(store.money)
  await store.close()
  const log = sayingLog(terminal)
  const seen = await look({ settings, terminal, log, passphraseFile: options.passphraseFile })
  const caps = capsOf(settings)
  await emitResult(terminal, statusObject(net, seen, standing, caps), () =>
    statusText(net, seen, standing, caps),
  )
  if (seen.fault) throw seen.fault
  if (!seen.info) terminal.say(`try: fedai pay connect --net ${net} --file FILE`)
  else if (standing.open.length > 0) terminal.say('try: fedai pay resolve')
}

const look = async (options: UserOptions): Promise<Seen> => {
  const nothing = { info: null, account: null, balance: null }
  try {
    const wallet = await openUserWallet(options)
    if (!wallet) return { ...nothing, fault: null }
    try {
      const { account, fingerprint } = wallet
      const info = { ...(await wallet.payer.info()), fingerprint }
      return { info, account, balance: await wallet.balance(), fault: null }
    } finally {
      await wallet.payer.close()
    }
  } catch (error) {
    if (!isFault(error)) throw error
    return { ...nothing, fault: error }
  }
}

const statusObject = (
  net: Net,
  { info, account, balance, fault }: Seen,
  { open, tabs, spentToday, unused }: Standing,
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
  error: fault && { code: fault.code, message: fault.message, hint: fault.hint ?? null },
})

const statusText = (
  net: Net,
  { info, account, balance, fault }: Seen,
  { open, tabs, spentToday, unused }: Standing,
  caps: SpendingCaps,
): string => {
  const show = namer(readTrust())
  const wallet = info ? walletLines(info) : [fault ? fault.message : `none is connected on ${net}`]
  const fakes = PAYING_KINDS.filter((kind) => TESTED[kind].includes('fake only'))
  return labelled([
    ['wallet', wallet],
    ...(account === null
      ? []
      : [['account', [`${account} · ${money(balance ?? 0n, net)}`]] as const]),
    ['adapters', [`${fakes.join(', ')}: tested against a fake only`]],
    [
      'today',
      [`${ofCap(spentToday, caps.budget)} (--budget)${net === 'sim' ? ', play money' : ''}`],
    ],
    [
      'tabs',
      [
        `${count(tabs.length, 'node')} · ${showMsat(unused)} paid and unused${caps.exposure === null ? '' : `, at most ${showMsat(caps.exposure)} at each (--max-exposure)`}`,
      ],
    ],
    ['in flight', open.length === 0 ? ['nothing'] : open.map((it) => entryLine(it, show))],
  ])
}
