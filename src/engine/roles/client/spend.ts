import { type Fault, asFault, isFault } from '../../base/fault.ts'
import { type Log, silentLog } from '../../base/log.ts'
import type { Entry } from '../../spending/journal-rows.ts'
import type { PurseEffect, PurseEvent } from './purse-effects.ts'
import type { Purse } from './purse-seam.ts'

/** Does with a purse what the mind of a client decided; what comes of it is fed back. */
export const spend = (
  purse: Purse,
  effect: PurseEffect,
  feed: (event: PurseEvent) => void,
  log: Log = silentLog,
): void => {
  switch (effect.do) {
    case 'charge': {
      const { node, key, receipt } = effect
      const counted = () => feed({ type: 'charged', receipt: receipt.id })
      return void purse.charge(node, receipt, key).then(counted)
    }
    case 'statement': {
      const { said, isAnswer, isLast, alone, answers } = effect
      return void purse.check(said, alone, answers).then((wrong) => {
        for (const { check } of wrong) log.warn('statement.wrong', { node: said.node, check })
        feed({ type: 'checked', said, isAnswer, isLast, wrong: [...wrong] })
      })
    }
    case 'pin':
      return void purse.pin(effect.node)
    case 'draw':
      return void purse.draw(effect.row)
    case 'drawn':
      return void purse.drawn(effect.job)
    case 'lost':
      return void purse.lost(effect.node)
    case 'lock': {
      const { job } = effect.row
      const kept = purse.results.keep(effect.row)
      return void kept.then((fault) => feed({ type: 'locked', job, fault }))
    }
    case 'look':
      // A ledger that fails says so to who writes.
      return void purse.look().then(
        (isNew) => isNew && feed({ type: 'looked' }),
        () => {},
      )
    case 'pay':
      return pay(purse, effect, feed)
  }
}

const pay = (
  purse: Purse,
  effect: Extract<PurseEffect, { do: 'pay' }>,
  feed: (event: PurseEvent) => void,
): void => {
  const { node, payment, caps, price, used, hold, news } = effect
  const { ref, hash } = payment
  const begun = (): void => feed({ type: 'begun', node, ref, hash, news })
  const ended = (end: Entry | Fault): void => {
    const until = isFault(end) ? null : purse.lockedUntil(end)
    const others = !purse.begunHere.has(hash)
    feed({ type: 'payment', node, ref, hash, end, lockedUntil: until, others })
  }
  purse
    .pay({ payment, caps, price, used, hold, begun })
    .then(ended, (error: unknown) => ended(asFault(error)))
}
