import { expect, test } from 'bun:test'
import { memoryStore } from '../../engine/storage/memory.ts'
import { chargeOf, statementOf, viewOf } from '../../engine/storage/money.case.ts'
import { receiptOf } from '../../engine/storage/store.conformance.ts'
import { bundlesOf, signedOf } from './statements.ts'

test('a statement that came with a job and names another receipt stands with the one of that job', async () => {
  const { money } = memoryStore()
  const [mine, honest] = [receiptOf(7), receiptOf(1)]
  await money.write([
    { do: 'put', table: 'kept', row: mine },
    { do: 'put', table: 'kept', row: honest },
    { do: 'put', table: 'statements', row: { ...statementOf(1), receipt: honest.id } },
    { do: 'put', table: 'statements', row: statementOf(2) },
    { do: 'add', table: 'charges', row: { ...chargeOf(1), receipt: honest.id, job: honest.job } },
    { do: 'add', table: 'charges', row: { ...chargeOf(2), receipt: mine.id, job: mine.job } },
  ])
  const view = viewOf({ broken: true })
  const signed = signedOf(money, view)
  expect(signed.map(({ n }) => n)).toEqual([1, 2])
  expect(bundlesOf(money, view, signed)).toEqual([`{"receipt":${mine.text},"statement":{"n":2}}`])
  // What is not broken has none: a statement that names nothing of ours may be about one that was lost.
  expect(bundlesOf(money, { ...view, broken: false }, signed)).toEqual([])
  // One that is not in the ledger shows nothing.
  const other = { ...chargeOf(3), receipt: receiptOf(8).id, job: receiptOf(8).job, stated: 2 }
  await money.write([{ do: 'add', table: 'charges', row: other }])
  expect(bundlesOf(money, view, signed)).toHaveLength(1)
})
