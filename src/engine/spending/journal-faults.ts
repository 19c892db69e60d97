import { Fault } from '../base/fault.ts'
import type { Journal } from './journal.ts'
import { clockTime } from './journal-retry.ts'
import type { Entry } from './journal-rows.ts'

/** Why a payment is not made, of those that are no matter of a cap. */

/** It is under way, or failed and its invoice still lives. */
export const known = (
  { wallet }: Pick<Journal, 'wallet'>,
  { hash, state, wallet: sender, expiresAt }: Entry,
): Fault => {
  const what = `payment ${hash.slice(0, 8)}… for the same`
  if (state === 'failed')
    return new Fault('again', 'payment.open', `${what} failed, and its invoice still lives`, {
      hint: `try again after ${clockTime(expiresAt)}`,
    })
  if (sender === wallet)
    return new Fault('uncertain', 'payment.open', `${what} is ${state}`, {
      hint: 'do not pay again; run: fedai pay resolve',
    })
  const who = sender ? `the wallet ${sender}` : 'a wallet that is not on record'
  return new Fault(
    'uncertain',
    'payment.other_wallet',
    `${what} is ${state}, from ${who}; connected is ${wallet}`,
    { hint: 'do not pay again; connect the wallet that sent it, then: fedai pay resolve' },
  )
}

export const repeated = (seq: number): Fault =>
  new Fault('refused', 'payment.repeated', `invoice ${seq} of this payee was paid before`, {
    hint: 'ask the payee for its next invoice',
  })

export const tooLate = (ms: number): Fault =>
  new Fault(
    'again',
    'payment.expired',
    ms <= 0
      ? 'the invoice has expired'
      : `the invoice expires in ${Math.ceil(ms / 1000)} s, too soon to pay it`,
    { hint: 'ask the payee for a new one' },
  )

export const tooMany = (most: number): Fault =>
  new Fault('again', 'payment.busy', `${most} payments are on their way already`, {
    hint: 'wait for them, or run: fedai pay resolve',
  })
