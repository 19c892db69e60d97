// What is said of the money where all output came and no receipt: each word of it must be so.
import { expect, test } from 'bun:test'
import { outcomeOf, wish } from './cast.ts'
import { inLetters, moneyScene, paidIn } from './money-scene.ts'
import { onWay, scene, unharmed } from './scene.ts'

type Options = Parameters<typeof moneyScene>[0]

const unreceipted = (options?: Options) => {
  const it = moneyScene(options)
  onWay(it.stage, it.client, 'receipt', () => [])
  inLetters(it, 'client', 'statement', () => null)
  const job = wish(it.stage, it.client)
  it.stage.advance(70_000)
  unharmed(it.stage)
  const outcome = outcomeOf(it.stage, job)
  expect(outcome.output).toMatchObject({ message: { content: 'one two ' } })
  expect(outcome.fault).toMatchObject({ kind: 'again', code: 'receipt.missing' })
  return { outcome, paid: paidIn(it) }
}

test('a job that was paid alone: what it cost is not known, and all that was paid is gone', () => {
  const { outcome, paid } = unreceipted({ proven: true })
  expect(paid).toBeGreaterThan(0n)
  expect(outcome).toMatchObject({ left: paid, leftEnds: true })
  expect(outcome.fault!.hint).toBe('the output is complete; what was paid for it is gone')
})

test('a job on a tab: what is left of that is left, and its node may count the job later', () => {
  const { outcome, paid } = unreceipted()
  expect(outcome).toMatchObject({ left: paid, leftEnds: false })
  expect(outcome.fault!.hint).toEndWith(
    'nothing was charged yet: the node may count it with your next job there',
  )
})

test('a job that nobody was paid for: nothing was charged', () => {
  const it = scene()
  onWay(it.stage, it.client, 'receipt', () => [])
  const job = wish(it.stage, it.client)
  it.stage.advance(70_000)
  expect(outcomeOf(it.stage, job).fault!.hint).toBe('the output is complete; nothing was charged')
})
