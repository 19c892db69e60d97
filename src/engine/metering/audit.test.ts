import { expect, test } from 'bun:test'
import type { Units } from '../protocol/fields.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import type { Message } from '../protocol/messages.ts'
import type { Accepted } from '../protocol/progress.ts'
import { audit } from './audit.ts'
import { checkReceipt } from './receipt-check.ts'
import type { Delivered } from './receipt-checks.ts'
import { CLIENT, NODE, NOW, ROUTER, messageOf, sceneOf } from './scene.ts'

type Changes = NonNullable<Parameters<typeof sceneOf>[0]>

const STRANGER = 'f'.repeat(64) as PubKey
const HASH = '5'.repeat(64)
const ASK = HASH as EventId
const wrong = (documents: readonly Message[]): string[] =>
  audit(documents)
    .findings.filter((it) => !it.ok)
    .map((it) => it.check)
const check = (changes: Changes = {}, delivered?: Delivered) => {
  const { receipt, job, ticket, sheet, accepted } = sceneOf(changes)
  const findings = checkReceipt({
    receipt: receipt.body,
    receiptBy: receipt.event.pubkey,
    job: job.body,
    jobBy: job.event.pubkey,
    ticket: ticket.body,
    ticketBy: ticket.event.pubkey,
    sheet: sheet.body,
    sheetBy: sheet.event.pubkey,
    router: ROUTER,
    accepted: accepted.body as Accepted,
    delivered,
    sizes: { bytes: 60, messages: 1, documents: 0, items: 0, out_tokens: 100 },
  })
  return findings.filter((it) => !it.ok).map((it) => `${it.check} ${it.dispute ?? '-'}`)
}
const usage: Units = { in_token: 58, out_token: 61 }
const all: Delivered = {
  usageAt: (n) => (n <= 7 ? usage : undefined),
  outputCommitAt: () => HASH,
  inputCommit: HASH,
}

test('a good job has nothing wrong, to its client and to anybody later', () => {
  expect(check({}, all)).toEqual([])
  const { findings, unchecked, receipts } = audit(Object.values(sceneOf()))
  expect(findings.filter((it) => !it.ok)).toEqual([])
  expect(unchecked).toEqual([])
  expect(receipts).toMatchObject([
    { node: NODE, client: CLIENT, status: 'ok', cost: 211n, ceiling: 350n },
  ])
  const said = findings.map((it) => it.detail)
  expect(said).toContain('cost 211 msat = max(10, ⌈58·1 + 61·2.5⌉) msat')
  expect(said).toContain('under its ceiling of 350 msat')
  expect(said).toContain('all on net sim: play money')
})

const receiptOf = (content: object): Changes => ({ receipt: { content } })
const BAD: readonly (readonly [string, Changes, string[]])[] = [
  ['one msat too much', receiptOf({ cost: '212' }), ['receipt.cost cost']],
  ['one msat too little', receiptOf({ cost: '210' }), ['receipt.cost cost']],
  [
    'dearer rates than the sheet’s',
    receiptOf({ rates: { in_token: '1000000', out_token: '2600000' }, cost: '217' }),
    ['receipt.rates cost'],
  ],
  ['a higher minimum', receiptOf({ minimum: '300', cost: '300' }), ['receipt.rates cost']],
  [
    'a surcharge on a warm ticket',
    receiptOf({ surcharge: '100', cost: '311' }),
    ['receipt.rates cost'],
  ],
  ['a row that is not there', receiptOf({ row: 5 }), ['receipt.row cost', 'receipt.rates cost']],
  [
    'over the ceiling',
    receiptOf({ cost: '351', ceiling: '350', usage: { in_token: 100, out_token: 100 } }),
    ['receipt.cost cost', 'receipt.ceiling ceiling', 'receipt.plausible usage'],
  ],
  ['a ceiling of its own', receiptOf({ ceiling: '400' }), ['receipt.job_ceiling ceiling']],
  [
    'more tokens than the job allows',
    receiptOf({ usage: { in_token: 58, out_token: 101 }, cost: '311' }),
    ['receipt.usage usage', 'receipt.plausible usage'],
  ],
  [
    'more input than the text can be',
    receiptOf({ usage: { in_token: 76, out_token: 61 }, cost: '229' }),
    ['receipt.plausible usage'],
  ],
  ['ok, yet an error', receiptOf({ finish: 'error' }), ['receipt.end usage']],
  [
    'failed, and the minimum charged',
    receiptOf({ status: 'runner_failed', finish: 'error', usage: { in_token: 1 }, cost: '10' }),
    ['receipt.cost cost'],
  ],
  [
    'charged without output',
    receiptOf({
      status: 'runner_failed',
      finish: 'error',
      commit: { input: HASH, output: HASH, frames: 0 },
    }),
    ['receipt.output undelivered', 'receipt.prefill undelivered'],
  ],
  [
    'charged for reading, which the ticket did not say',
    receiptOf({
      status: 'client_cancelled',
      finish: 'cancel',
      usage: { in_token: 58 },
      cost: '58',
      commit: { input: HASH, output: HASH, frames: 0 },
    }),
    ['receipt.prefill undelivered'],
  ],
  [
    'times that run backwards',
    receiptOf({ times: { accepted: NOW, first: null, done: NOW - 1 } }),
    ['receipt.times late'],
  ],
  ['another job', receiptOf({ job: '9'.repeat(64) }), ['receipt.job -', 'accepted.terms cost']],
  ['another client', receiptOf({ client: STRANGER }), ['receipt.client -']],
  ['another router', receiptOf({ router: STRANGER }), ['receipt.router -']],
  ['another signer', { receipt: { by: STRANGER } }, ['receipt.signer -']],
  [
    'another ceiling accepted',
    { accepted: { content: { ceiling: '351' } } },
    ['accepted.terms cost'],
  ],
  [
    'another bound accepted',
    { accepted: { content: { max: { in_token: 100, out_token: 99 } } } },
    ['accepted.terms cost'],
  ],
]

test.each(BAD)('%s is found', (_, changes, expected) => {
  expect(check(changes).toSorted()).toEqual(expected.toSorted())
  const { sheet, ticket, job, accepted, receipt } = sceneOf(changes)
  // The receipt that nobody can find a job for says so instead.
  const first = expected.find((it) => !/plausible|receipt\.job /.test(it))
  if (first && !expected.includes('receipt.job -'))
    expect(wrong([sheet, ticket, job, accepted, receipt])).toContain(first.split(' ')[0]!)
})

test('a cancel before any output may charge for reading where the ticket says so', () => {
  const cancelled = receiptOf({
    status: 'client_cancelled',
    finish: 'cancel',
    usage: { in_token: 58 },
    cost: '58',
    minimum: '0',
    commit: { input: HASH, output: HASH, frames: 0 },
  })
  const { ticket } = sceneOf()
  const entries = ticket.body.entries.map((entry) => ({ ...entry, prefill: true }))
  expect(check({ ...cancelled, ticket: { content: { entries } } }, all)).toEqual([])
})

test('a cold ticket may add its surcharge, and need not', () => {
  const entries = sceneOf().ticket.body.entries.map((entry) => ({ ...entry, warm: false }))
  const ticket = { content: { entries } }
  expect(check({ ticket })).toEqual([])
  expect(check({ ticket, ...receiptOf({ surcharge: '100', cost: '311' }) })).toEqual([])
  expect(check({ ticket, ...receiptOf({ surcharge: '50', cost: '261' }) })).toEqual([
    'receipt.rates cost',
  ])
})

test('what came is held against what is charged', () => {
  expect(check({}, { ...all, usageAt: (n) => (n <= 6 ? usage : undefined) })).toEqual([
    'receipt.frames undelivered',
  ])
  expect(check({}, { ...all, usageAt: () => ({ in_token: 58, out_token: 60 }) })).toEqual([
    'receipt.usage_seen usage',
  ])
  expect(
    check({}, { ...all, outputCommitAt: () => 'e'.repeat(64), inputCommit: 'e'.repeat(64) }),
  ).toEqual(['receipt.output_commitment undelivered', 'receipt.input_commitment undelivered'])
})

test('what is missing is said, each with what could not be checked', () => {
  const { receipt, sheet } = sceneOf()
  const alone = audit([receipt])
  expect(alone.findings.every((it) => it.ok)).toBe(true)
  expect(alone.unchecked).toEqual([
    'job: not given, so client, bounds and ceiling were not checked against it',
    'ticket: not given, so who offered what to whom was not checked',
    'price sheet: not given, so the rates were not checked against it',
    'accepted: not given, so what the node bound itself to was not checked',
    'offers: not given, so whether the ticket was offered to the client was not checked',
    'acknowledgement: not given, so whether the client agreed is not known',
  ])
  expect(audit([sheet]).unchecked).toEqual(['receipt: not given, so no cost was checked'])
  expect(audit([]).findings).toEqual([])
})

const wrongIn = (changes: Changes) => wrong(Object.values(sceneOf(changes)))

test('who signed for whom, and what still held', () => {
  expect(wrongIn({ ticket: { expires: 0 } })).toEqual(['ticket.expiration'])
  expect(wrongIn({ ticket: { expires: 1000 } })).toEqual([])
  expect(wrongIn({ sheet: { expires: -5000 } })).toEqual(['sheet.expiration'])
  expect(wrongIn({ job: { to: STRANGER } })).toEqual(['job.addressee'])
  expect(wrongIn({ accepted: { about: '9'.repeat(64) as EventId } })).toEqual(['accepted.job'])
  expect(wrongIn({ accepted: { to: STRANGER } })).toEqual(['accepted.addressee'])
  expect(wrongIn({ acknowledgement: { by: STRANGER } })).toEqual(['acknowledgement.signer'])
  expect(wrongIn({ sheet: { by: STRANGER } })).toEqual(['receipt.signer', 'ticket.signer'])
  expect(wrongIn({ receipt: { content: { sim: false } } })).toEqual(['net'])
  expect(wrongIn({ job: { net: 'regtest' } })).toEqual(['net'])
})

test('an acknowledgement of another receipt is none', () => {
  const { acknowledgement } = sceneOf({ receipt: { content: { prev: HASH } } })
  const { receipt, job } = sceneOf()
  expect(wrong([receipt, job, acknowledgement])).toEqual(['acknowledgement.receipt'])
})

test('offers bind ticket, router and client', () => {
  const { ticket, job, receipt } = sceneOf()
  const entry = { ticket: ticket.event, entry: 0, reason: 'the only one', first_ms: 200 }
  const of = (by: PubKey, to: PubKey, entries: object[]) => {
    const content = { entries: entries as [], fee: '0', operator: null, none: null }
    const offers = messageOf('offers', content, { by, to, about: ASK, at: -1000 })
    const changed = sceneOf({ job: { content: { offers: offers.event.id } } })
    return wrong([offers, ticket, changed.job])
  }
  expect(of(ROUTER, CLIENT, [entry])).toEqual([])
  expect(of(STRANGER, CLIENT, [entry])).toEqual(['ticket.addressee'])
  expect(of(ROUTER, STRANGER, [entry])).toEqual(['offers.addressee'])
  expect(of(ROUTER, CLIENT, [])).toEqual(['offers.ticket'])
  expect(wrong([ticket, job, receipt])).toEqual([])
})

test('two receipts with one prev, or for one job and ticket, contradict each other', () => {
  const first = sceneOf().receipt
  const again = sceneOf({ receipt: { content: { prev: HASH } } }).receipt
  const other = sceneOf({ receipt: { content: { prev: HASH, job: '9'.repeat(64) } } }).receipt
  expect(wrong([first, first])).toEqual([])
  expect(wrong([first, other])).toEqual([])
  expect(wrong([first, again])).toEqual(['receipt.once'])
  expect(wrong([again, other])).toEqual(['receipt.prev'])
  const node = sceneOf({ receipt: { by: STRANGER, content: { prev: HASH } } }).receipt
  expect(wrong([again, node])).toEqual([])
  const said = audit([again, other]).findings.find((it) => !it.ok)!.detail
  expect(said).toMatch(
    /^receipts .{7} and .{7} of 1111…11 contradict each other: both name 5555…55 as the one before$/,
  )
})
