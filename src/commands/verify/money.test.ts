import { describe, expect, test } from 'bun:test'
import { documentsIn } from './documents.ts'
import { signed } from '../../../test/vectors/parties.ts'
import { STRANGER, TAB } from '../../../test/vectors/samples.ts'
import { resultOf } from './chain.case.ts'
import { tabOf } from './money.case.ts'
import { type Report, firstWrong, reportObject, reportText } from './report.ts'
import { verifyGroups } from './run.ts'
import { verificationShape } from './shape.ts'

const verified = (...values: unknown[]): Promise<Report> =>
  verifyGroups(values.flatMap((value) => documentsIn(JSON.stringify(value), 'f')))
const wrong = async (...values: unknown[]): Promise<string[]> =>
  (await verified(...values)).findings.filter((it) => !it.ok).map((it) => it.check)
const same = (text: string) => text
const paint = { dim: same, green: same, yellow: same, red: same }

/** The result of a job as `request --json` writes it, whose draw and invoices are in its bundle. */
const results = () => {
  const { bundle, ...rest } = tabOf()
  return { ...rest, bundle, result: { ...resultOf(bundle), bundle } }
}

describe('a job that drew on a tab', () => {
  test('is right with its invoice and draw in its bundle', async () => {
    const { result } = results()
    const report = await verified(result)
    const { findings, unchecked, tabs } = report
    expect(findings.filter((it) => !it.ok)).toEqual([])
    expect(reportText(report, paint)).toContain('  paid at least 0 msat · used at least 10 msat ·')
    expect(unchecked).toEqual([
      expect.stringContaining('what is left or owed on tab'),
      expect.stringContaining('output, times, paying_msat, events and error of the result'),
    ])
    const checks = new Set(findings.map((it) => it.check))
    for (const check of [
      'invoice.terms',
      'invoice.sheet',
      'draw.terms',
      'draw.receipt',
      'job.timing',
    ])
      expect(checks).toContain(check)
    // An invoice alone is no payment.
    expect(tabs).toMatchObject([{ statements: 0, paid: 0n, used: 10n, left: null }])
  })

  test.each([
    ['9990', 1],
    ['123456789', 2],
  ])(
    'says that %s msat are left: what its statement does not say is named',
    async (left, lines) => {
      const { result, bundle, statement } = results()
      const mine = { ...result, bundle: { ...bundle, statement }, left_msat: left }
      const { unchecked } = await verified(mine)
      const said = unchecked.filter((it) => it.includes(' of the result'))
      expect(said).toHaveLength(lines)
      if (lines > 1)
        expect(said[0]).toBe(
          'left_msat of the result: its writer’s own count ("123456789"); the statement leaves 9990',
        )
      // It drew on a tab, whose key stays.
      expect(await wrong({ ...mine, left_gone: true })).toEqual(['result.left_gone'])
    },
  )

  test('without a statement has its own count alone, and says so', async () => {
    const { result } = results()
    const { unchecked } = await verified({ ...result, left_msat: '5' })
    expect(unchecked).toContain(
      'left_msat of the result: its writer’s own count; no statement is given',
    )
  })

  test('and with all that was signed about the tab its sums are known', async () => {
    const { result, paid, proof, statement } = results()
    const report = await verified(result, proof, statement, paid)
    expect(firstWrong(report)).toBeUndefined()
    const { tabs } = verificationShape.parse(reportObject(report))
    expect(tabs).toMatchObject([
      { statements: 1, n: 1, paid_msat: '10000', used_msat: '10', left_msat: '9990' },
    ])
    const text = reportText(report, paint)
    expect(text).toMatch(/\ntab .{7} at npub1\S+ · 1 statement\n/)
    expect(text).toContain('  paid 10 sat · used 10 msat · left 9.99 sat · play money\n')
    expect(text.split('\n').filter((line) => Bun.stringWidth(line) > 80)).toEqual([])
  })

  test('what a proof carries is read, so that invoice and word need not be given besides', async () => {
    const { proof } = results()
    expect((await verified(proof)).tabs).toMatchObject([{ paid: 10_000n, left: null }])
    expect(await wrong(proof)).toEqual([])
  })
})

describe('refused', () => {
  test.each(['invoice', 'paid'] as const)('a proof whose %s is forged', async (kind) => {
    const { proof } = tabOf()
    const content = JSON.parse(proof.content) as Record<string, { sig: string }>
    const forged = { ...content[kind]!, sig: 'a'.repeat(128) }
    // The proof itself is signed by whoever forged what it carries.
    const { kind: number, tags, created_at } = proof
    const draft = { kind: number, tags, created_at }
    const again = signed(TAB, { ...draft, content: JSON.stringify({ ...content, [kind]: forged }) })
    expect(await wrong(again)).toContain(`proof.${kind}`)
  })

  test('a node that stated two things, whatever else is right', async () => {
    const { result, statement } = results()
    const other = tabOf({ used: '11', cost: '11' }).statement
    expect(await wrong(result, statement, statement)).toEqual([])
    const checks = await wrong(result, statement, other)
    expect(checks).toContain('statement.once')
    const once = (await verified(statement, other)).findings.find((it) => !it.ok)!
    expect(once.detail).toContain('contradict each other: both have number 1')
  })

  test('a bundle with a draw, an invoice or a statement of another job', async () => {
    const { bundle, statement, proof } = tabOf()
    const other = { ...bundle.draw, sig: 'b'.repeat(128) }
    expect(await wrong({ ...bundle, draw: other })).toEqual(['event.bad_signature'])
    expect(await wrong({ ...bundle, statement })).toEqual([])
    const stray = tabOf({ receipt: 'e'.repeat(64) }).statement
    expect(await wrong({ ...bundle, statement: stray })).toContain('bundle.receipt')
    const { tags, created_at, kind, content } = bundle.invoices[0]!
    const theirs = signed(STRANGER, { tags, created_at, kind, content })
    expect(await wrong({ ...bundle, invoices: [theirs] })).toContain('bundle.invoice')
    expect(await wrong({ ...bundle, draw: bundle.invoices[0] })).toContain('bundle.kind')
    expect(await wrong({ ...bundle, proofs: [proof] })).toEqual([])
    const { id: _id, sig: _sig, pubkey: _by, ...draft } = proof
    const about = { ...JSON.parse(proof.content), invoice: theirs, paid: null }
    const theirProof = signed(TAB, { ...draft, content: JSON.stringify(about) })
    expect(await wrong({ ...bundle, proofs: [theirProof] })).toContain('bundle.proof')
    expect(await wrong({ ...bundle, invoices: [bundle.draw] })).toContain('bundle.kind')
  })
})

describe('hostile files', () => {
  const { bundle, statement } = tabOf()
  test.each<[string, unknown, string]>([
    ['a list of no events in a bundle', { bundle: { invoices: [7] } }, 'verify.unknown'],
    ['a list in a list', { bundle: { invoices: [[bundle.draw]] } }, 'verify.unknown'],
    ['an empty list alone', { bundle: { invoices: [] } }, 'verify.nothing'],
    [
      'a list without end',
      { bundle: { invoices: Array.from({ length: 10_001 }, () => statement) } },
      'verify.too_many',
    ],
  ])('%s', (_, value, code) => {
    expect(() => documentsIn(JSON.stringify(value), 'f')).toThrow(
      expect.objectContaining({ kind: 'data', code }),
    )
  })

  test('one document ten thousand times is one document', async () => {
    const report = await verified(Array.from({ length: 10_000 }, () => statement))
    expect(report.tabs).toMatchObject([{ statements: 1 }])
    expect(report.findings.filter(({ check }) => check === 'statement.signature')).toHaveLength(1)
    expect(firstWrong(report)).toBeUndefined()
  })
})
