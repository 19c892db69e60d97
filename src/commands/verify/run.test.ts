import { describe, expect, test } from 'bun:test'
import { SAMPLES, STRANGER } from '../../../test/vectors/samples.ts'
import { signed } from '../../../test/vectors/parties.ts'
import { type Chain, type Change, DAY, ID, chainOf, resultOf } from './chain.case.ts'
import { documentsIn } from './documents.ts'
import { type Report, reportText } from './report.ts'
import { verifyGroups } from './run.ts'

const verified = (...values: unknown[]): Promise<Report> =>
  verifyGroups(values.flatMap((value) => documentsIn(JSON.stringify(value), 'f')))
const wrong = async (...values: unknown[]): Promise<string[]> => {
  const { findings } = await verified(...values)
  return findings.filter((it) => !it.ok).map((it) => it.check)
}
const same = (text: string) => text
const paint = { dim: same, green: same, yellow: same, red: same }

describe('a job that is right', () => {
  test('has nothing wrong, and says what nobody can prove', async () => {
    const { findings, unchecked, receipts } = await verified(resultOf())
    expect(findings.filter((it) => !it.ok)).toEqual([])
    expect(unchecked).toEqual([
      'output, times, paying_msat, events and error of the result: no document shows them, so they are only what its writer says',
    ])
    expect(receipts).toHaveLength(1)
    expect((await verified(chainOf())).unchecked).toEqual([])
    expect(await wrong(...Object.values(chainOf()))).toEqual([])
  })

  test.each([-365 * DAY, 365 * DAY, 40 * 365 * DAY])('also %d ms away', async (shift) => {
    expect(await wrong(resultOf(chainOf({}, shift)))).toEqual([])
  })

  test('its report fits 80 columns, in words', async () => {
    for (const shown of [resultOf(), { receipt: chainOf().receipt }]) {
      const lines = reportText(await verified(shown), paint).split('\n')
      expect(lines[0]).toMatch(/^receipt .{7} · job .{7} · 2027-01-15 08:00:02 UTC$/)
      expect(lines[1]).toMatch(/^  by npub1\S+ · ok · 10 msat · play money$/)
      expect(lines.filter((line) => Bun.stringWidth(line) > 80)).toEqual([])
    }
    const text = reportText(await verified(resultOf()), paint)
    expect(text).toContain('the price sheet held for 29 days 23 h more when the ticket was signed')
  })

  test('two jobs in one input prove each its own', async () => {
    const other = chainOf({ receipt: { content: { prev: ID } } }, 0, 'other')
    const mine = { ...resultOf(), job: JSON.parse(chainOf().job.content).job }
    const chained = chainOf({ ticket: { content: { slot: 1 } } })
    expect(await wrong(mine, { bundle: other })).toEqual([])
    expect(await wrong(mine, [other.sheet, other.job])).toEqual([])
    expect(await wrong({ bundle: { ...chainOf(), ticket: chained.ticket } })).toContain(
      'bundle.ticket',
    )
  })
})

describe('what a result says around its bundle', () => {
  test.each<[string, object]>([
    ['net', { net: 'mainnet' }],
    ['job', { job: ID }],
    ['task', { task: 'text.chat@1' }],
    ['model', { model: 'gpt' }],
    ['finish', { finish: 'length' }],
    ['usage', { usage: { in_token: 400, out_token: 61 } }],
    ['usage', { usage: 'none' }],
    ['cost_msat', { cost_msat: '11' }],
    ['cost_msat', { cost_msat: 10 }],
    ['ceiling_msat', { ceiling_msat: '701' }],
    ['router_fee_msat', { router_fee_msat: '777' }],
    ['left_gone', { left_gone: true }],
    ['router', { router: ID }],
    ['node', { node: null }],
    ['verified', { verified: false }],
    ['verified', { verified: null }],
    ['receipt', { receipt: null }],
  ])('%s changed', async (field, change) => {
    expect(await wrong({ ...resultOf(), ...change })).toEqual([`result.${field}`])
  })

  test('another receipt than the bundle’s', async () => {
    const { receipt } = chainOf({ receipt: { content: { cost: '11' } } })
    expect(await wrong({ ...resultOf(), receipt })).toContain('result.receipt')
  })

  test('a field that this version does not know is called so', async () => {
    const { unchecked } = await verified({ ...resultOf(), bonus_msat: '5', '\x1b[2J': 1 })
    expect(unchecked).toContain('bonus_msat, a field of the result: not known here')
  })

  test('what no document shows is said', async () => {
    const { job } = chainOf()
    const { findings, unchecked } = await verified({ ...resultOf({ job }), verified: null })
    expect(findings.filter((it) => !it.ok)).toEqual([])
    expect(unchecked).toContain(
      'finish, usage, cost_msat, router, node of the result: no document given shows them',
    )
  })
})

describe('a document in a bundle', () => {
  test.each([
    'ticket',
    'offers',
    'sheet',
    'job',
    'accepted',
    'receipt',
    'acknowledgement',
  ] as const)('%s without its signature is refused, and named', async (name) => {
    const chain = chainOf()
    const { sig: _, ...bare } = chain[name]
    const { findings } = await verified(resultOf({ ...chain, [name]: bare } as Chain))
    const first = findings.find((it) => !it.ok)!
    expect(first.check).toBe('event.bad_shape')
    expect(first.detail).toStartWith(`${name}, event `)
  })

  test('under the name of another', async () => {
    const { job, receipt } = chainOf()
    expect(await wrong({ job: receipt, receipt: job })).toContain('bundle.kind')
    const rewrap = { ...JSON.parse(job.content), from: ID }
    const draft = { ...job, kind: SAMPLES.rewrap.draft.kind, content: JSON.stringify(rewrap) }
    const { tags, created_at, kind, content } = draft
    expect(
      await wrong({ job: signed(SAMPLES.job.by, { tags, created_at, kind, content }) }),
    ).toEqual([])
  })

  const other = chainOf({ sheet: { late: 1000 } }, 0, 'other')
  test.each<[keyof Chain, string]>([
    ['job', 'bundle.job'],
    ['accepted', 'bundle.job'],
    ['ticket', 'bundle.ticket'],
    ['sheet', 'bundle.sheet'],
    ['offers', 'bundle.offers'],
    ['acknowledgement', 'bundle.receipt'],
  ])('%s of another job', async (name, check) => {
    expect(await wrong({ ...chainOf(), [name]: other[name] })).toContain(check)
    const { receipt } = chainOf()
    // Loose, it is no contradiction: it may be of a job that is not here.
    expect(await wrong([receipt, other[name]])).toEqual([])
    expect((await verified([receipt, other[name]])).unchecked.length).toBeGreaterThan(4)
  })

  test('offers that the job does not name, though its ticket is in them', async () => {
    const { offers } = chainOf({ offers: { content: { fee: '1' } } })
    expect(await wrong({ ...chainOf(), offers })).toEqual(['bundle.offers'])
  })
})

describe('signed anew, with one thing changed', () => {
  test.each<[string, Partial<Record<keyof Chain, Change>>, string]>([
    ['receipt to a stranger', { receipt: { to: STRANGER } }, 'receipt.addressee'],
    ['receipt to nobody', { receipt: { to: null } }, 'receipt.addressee'],
    ['receipt about another job', { receipt: { about: ID } }, 'receipt.about'],
    ['receipt about nothing', { receipt: { about: null } }, 'receipt.about'],
    ['answer to a stranger', { acknowledgement: { to: STRANGER } }, 'acknowledgement.addressee'],
    ['answer about another', { acknowledgement: { about: ID } }, 'acknowledgement.about'],
    ['job to a stranger', { job: { to: STRANGER } }, 'job.addressee'],
    ['job about another ticket', { job: { about: ID } }, 'job.about'],
    ['accepted to a stranger', { accepted: { to: STRANGER } }, 'accepted.addressee'],
    ['accepted about another job', { accepted: { about: ID } }, 'accepted.job'],
    ['ticket to a stranger', { ticket: { to: STRANGER } }, 'ticket.addressee'],
    ['offers to a stranger', { offers: { to: STRANGER } }, 'offers.addressee'],
    ['offers about nothing', { offers: { about: null } }, 'offers.about'],
    ['sheet after its ticket', { sheet: { late: 70_000 } }, 'ticket.time'],
    ['ticket after its job', { ticket: { late: 65_000 } }, 'job.time'],
    ['offers after their job', { offers: { late: 65_000 } }, 'job.time'],
    ['accepted before its job', { accepted: { late: -70_000 } }, 'accepted.time'],
    ['receipt before its job', { receipt: { late: -70_000 } }, 'receipt.time'],
    ['receipt two days late', { receipt: { late: 2 * DAY } }, 'receipt.time'],
    ['answer long before', { acknowledgement: { late: -2 * DAY } }, 'acknowledgement.time'],
  ])('%s', async (_, changes, check) => {
    expect(await wrong(resultOf(chainOf(changes)))).toContain(check)
  })

  test.each<[string, Partial<Record<keyof Chain, Change>>]>([
    ['a sheet a minute ahead', { sheet: { late: 60_000 } }],
    ['a receipt that waited', { receipt: { late: DAY - 60_000 } }],
    ['an answer a year later', { acknowledgement: { late: 365 * DAY } }],
  ])('%s is right', async (_, changes) => {
    expect(await wrong(resultOf(chainOf(changes)))).toEqual([])
  })

  test('missing offers are said', async () => {
    const { offers: _, ...rest } = chainOf()
    expect((await verified(rest)).unchecked).toEqual([
      'offers: not given, so whether the ticket was offered to the client was not checked',
    ])
  })
})
