import { type UnixMs, unixMs } from '../../base/clock.ts'
import { draftOf } from '../../protocol/draft.ts'
import { type SheetPay, sheet as sheetSchema } from '../../protocol/sheet.ts'
import type { NodeState, NodeTurn } from './state.ts'
import { issueAnew } from './tickets.ts'

/** The price sheet of a node (36421): every ticket names one, so one must always be in force. */

/** Signs the prices of a node for the next 30 days. */
export const signSheet = (
  {
    signer,
    net,
    rows,
    pay,
  }: Pick<NodeState, 'signer' | 'net' | 'rows'> & { pay?: SheetPay | null },
  now: UnixMs,
): NodeState['sheet'] => {
  const expires = unixMs(now + SHEET_LIFE_MS)
  const content = { rows, ...(pay && { pay: { ...pay, granularity: String(pay.granularity) } }) }
  const event = signer.sign(draftOf('sheet', content, { now, net, d: 'prices', expires }))
  return { event, body: sheetSchema.parse(content) }
}

/** Half its life: a router or client whose clock is wrong by days still finds a sheet in force. */
export const awaitRenewal = ({ deadlines }: NodeState, now: UnixMs): void =>
  deadlines.set('sheet:', unixMs(now + SHEET_LIFE_MS / 2))

/**
 * The `sheet:` deadline fell due. The new sheet goes first, the tickets that name it after it; a ticket
 * that is already with a client is still honoured, at the prices of the sheet that it names.
 */
export const renewSheet = (turn: NodeTurn): void => {
  const { state, now } = turn
  state.sheet = signSheet({ ...state, pay: state.till?.pay ?? null }, now)
  for (const { link, ready } of state.routers.values())
    if (ready) turn.effects.push({ do: 'send', link, outgoing: { event: state.sheet.event } })
  issueAnew(turn)
  awaitRenewal(state, now)
}

const SHEET_LIFE_MS = 30 * 24 * 3_600_000
