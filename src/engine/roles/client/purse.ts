import { asFault } from '../../base/fault.ts'
import type { Signer } from '../../identity/seams.ts'
import { signerOf } from '../../identity/signer.ts'
import type { Finding } from '../../metering/finding.ts'
import type { PaymentHash, PubKey } from '../../protocol/ids.ts'
import { type Journal, decide, nextDue, openJournal, spentToday } from '../../spending/journal.ts'
import { dayBegan, dayOf, isOut, mayTell } from '../../spending/journal-news.ts'
import { lockedUntil } from '../../spending/journal-retry.ts'
import type { Entry, JournalEffect, JournalEvent } from '../../spending/journal-rows.ts'
import { charged, leftOn } from '../../spending/ledger.ts'
import { watchedClock } from '../set-clock.ts'
import { checkIn } from './purse-check.ts'
import { drawsIn } from './purse-draws.ts'
import type { Purse, PurseOptions } from './purse-seam.ts'
import { leaving, limitsOf, openOf, overCaps, showsOf, tellerOf } from './purse-rules.ts'
import { openSteps } from './purse-steps.ts'
import { openWaiting } from './purse-waiting.ts'
import { openViews } from './purse-views.ts'
import { resultsIn } from './results.ts'
import { brokenTab } from './tab-faults.ts'

/**
 * One writer for the payer's journal (spending/journal.ts): what it decides is on the disk before the wallet
 * hears of it. Other processes of the user write the same ledger; where one was first, all is read anew.
 */
export const openPurse = (options: PurseOptions): Purse => {
  const { store, payer, wallet, signer, secp, net, random, broken } = options
  const clock = watchedClock(options.clock, (by) => journal.deadlines.shift(by))
  const tabs = new Map<PubKey, Signer>()
  const waiting = openWaiting()
  const wanting = new Set<PaymentHash>()
  const begunHere = new Set<PaymentHash>()
  const begins = new Map<PaymentHash, () => void>()
  let journal: Journal = openJournal([], [], clock.now(), wallet)
  let stopWaking = () => {}
  let isLeaving = false
  let closed = false

  const read = (unsure?: Journal['unsure']): void => {
    const now = clock.now()
    const { entries, views: rows } = store.spending(dayBegan(now))
    journal = openJournal(entries, rows, now, wallet, unsure)
    views.read(rows)
    // Another process may have heard of the end first. One that failed may be what is wanted again now.
    for (const entry of entries)
      if (!isOut(entry) && (entry.state === 'settled' || !wanting.has(entry.hash)))
        waiting.tell(entry)
  }

  const tab: Purse['tab'] = (node) => {
    const known = tabs.get(node)
    if (known) return known
    const made = signerOf(signer.derive(`fedai/1 tab${net}${node}`), secp, random)
    tabs.set(node, made)
    return made
  }
  const views = openViews(tab, clock)
  const draws = drawsIn(store, clock)
  const view: Purse['view'] = (node, key = tab(node).pubkey) => views.of(node, key)

  const teller = tellerOf(payer)
  /** What is held has no end of its own. */
  const holds = new Set<PaymentHash>()

  const { step, idle } = openSteps({
    store,
    // Set back over midnight: what that day came to was not read.
    begin: () => void (dayOf(clock.now()) < journal.since && read(journal.unsure)),
    written: (changes) => {
      for (const it of changes) if (it.table === 'views') views.put(it)
      draws.written(changes)
    },
    unwritten: () => read(journal.unsure),
  })

  const feed = (make: () => JournalEvent): Promise<void> =>
    step(() => {
      const event = make()
      const decision = decide(journal, event, clock.now())
      const isBegun = event.type === 'want' && decision.changes.length > 0
      const begun = isBegun ? views.begun(event.payment) : []
      const paid = decision.settled.flatMap(views.settled)
      return {
        changes: [...decision.changes, ...begun, ...paid],
        after: () => {
          if (isBegun) begunHere.add(event.payment.hash)
          // Said before anything leaves; what is sent again was said by who wrote it down.
          if (isBegun) begins.get(event.payment.hash)?.()
          for (const effect of decision.effects) perform(effect)
          wake()
        },
      }
    })

  /** A step that nobody waits for: its failure is the ledger's. */
  const go = (make: () => JournalEvent): void => void feed(make).catch(failed)
  const failed = (error: unknown): void => {
    // What comes of a payment after we have left is for the next process to ask.
    if (closed) return
    const fault = asFault(error)
    waiting.refuseAll(fault)
    broken(fault)
  }

  const perform = (effect: JournalEffect): void => {
    const { hash } = effect.do === 'tell' ? effect.entry : effect
    if (effect.do === 'refuse') {
      const begun = journal.open.get(hash)
      // Begun before, perhaps by another process of ours: this one hears how it ends, too; not of another wallet's.
      const isHeard =
        effect.fault.code === 'payment.open' &&
        begun &&
        waiting.isFor(begun) &&
        (begun.wallet === wallet || !isOut(begun))
      if (isHeard && (begun.state === 'intent' || begun.state === 'inflight')) return
      if (isHeard) waiting.tell(begun)
      else waiting.refuse(hash, effect.fault)
    } else if (effect.do === 'pay')
      teller.pay(effect, limitsOf(effect.maxFee, holds.has(hash), options.timeoutMs)).then(
        (news) => go(() => ({ type: 'answer', hash, news })),
        (error: unknown) =>
          go(() =>
            effect.again
              ? { type: 'answer', hash, news: { state: 'unknown' } }
              : { type: 'unsent', hash, reason: asFault(error).code },
          ),
      )
    else if (effect.do === 'lookup') lookUp(effect).catch(failed)
    else if (!isOut(effect.entry) || (effect.entry.state !== 'inflight' && !holds.has(hash)))
      waiting.tell(effect.entry)
  }

  /** A wallet that does not answer is asked again when that is due; another one than sent it, never. */
  const lookUp = async ({ hash }: Pick<Entry, 'hash'>): Promise<void> => {
    const entry = journal.open.get(hash)
    if (!entry || !mayTell(journal, entry)) return
    const news = await teller.statusOf(entry)
    if (news === undefined) return
    const absent = { type: 'absent', hash, maySend: teller.once } as const
    await feed(() => (news ? { type: 'answer', hash, news } : absent))
  }

  const wake = (): void => {
    stopWaking()
    const at = nextDue(journal)
    if (at === undefined || closed) return
    stopWaking = clock.after(Math.max(0, at - clock.now()), () => go(() => ({ type: 'tick' })))
  }

  read()
  wake()
  if (views.old().length > 0) void step(() => ({ changes: views.old() })).catch(failed)
  return {
    tab,
    view,
    lasts: views.lasts,
    shows: showsOf(payer),
    lockedUntil: (entry) => lockedUntil(journal, entry, teller.once),
    pin: (node) => step(() => ({ changes: views.pinned(node) })).catch(failed),
    lost: (node) => step(() => ({ changes: views.lost(node) })).catch(failed),
    over: ({ node, key, ref, used, caps, ...outlay }) => {
      const left = leftOn(views.of(node, key)) - used
      return overCaps(journal, clock.now(), { payee: node, ref, left, caps }, outlay)
    },
    async pay({ payment, caps, price, used = 0n, hold = false, begun }) {
      // It would be written, and perhaps never sent.
      if (isLeaving) throw leaving()
      const { hash } = payment
      const joined = waiting.joined(payment)
      if (joined) return joined
      const end = waiting.begun(payment)
      if (hold) holds.add(hash)
      wanting.add(hash)
      if (begun) begins.set(hash, begun)
      await feed(() => {
        const known = store.payment(hash)
        // Another process of ours has begun it, or heard of its end, since we read.
        if (known && known.state !== journal.open.get(hash)?.state) read(journal.unsure)
        const its = views.boughtBy(payment)
        // It may have lied since this payment was decided: what is said to get nothing more gets nothing.
        if (!known && its?.broken) throw brokenTab(its.payee)
        const left = its ? leftOn(its) - used : 0n
        return { type: 'want', payment, caps, price, once: teller.once, left, known }
      })
        .catch((error: unknown) => waiting.refuse(hash, error))
        .finally(() => wanting.delete(hash))
      return end.finally(() => (holds.delete(hash), begins.delete(hash)))
    },
    draw: (row) => step(() => ({ changes: draws.begun(row) })).catch(failed),
    drawn: (job) => step(() => ({ changes: draws.ended(job) })).catch(failed),
    drawnByOthers: (node) => draws.byOthers(node, tab(node).pubkey),
    charge: (node, receipt, key) =>
      step(() => {
        const { changes } = charged(view(node, key), receipt, clock.now())
        const isKnown = store.charge(receipt.id) !== null
        return { changes: [...(isKnown ? [] : changes), ...draws.ended(receipt.job)] }
      }).catch(failed),
    async check(said, alone = false, answers = null) {
      let wrong: readonly Finding[] = []
      await step(() => {
        const held = { store, tab, views, said, alone, answers, now: clock.now() }
        const found = checkIn(held, () => journal, read)
        wrong = found.wrong
        return found
      }).catch(failed)
      // The node has more than we know that we paid: what had failed may have settled after all.
      if (said.paid > views.of(said.node, said.key).paid)
        for (const it of journal.open.values()) if (it.payee === said.node) lookUp(it).catch(failed)
      return wrong
    },
    async resolve() {
      await step(() => (read(journal.unsure), { changes: [] }))
      await Promise.all([...journal.open.values()].map(lookUp))
      return openOf(journal)
    },
    async look() {
      if (closed || !store.elsewhere()) return false
      await step(() => (read(journal.unsure), { changes: [] })).catch(failed)
      return true
    },
    idle: () => waiting.over(holds),
    begunHere,
    open: () => openOf(journal),
    spentToday: () => spentToday(journal, clock.now()),
    results: resultsIn({ store, clock, signer, random }),
    async close(patience) {
      isLeaving = true
      await idle()
      await patience?.(waiting.over(holds))
      closed = true
      stopWaking()
      await idle()
    },
  }
}
