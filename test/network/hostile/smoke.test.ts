import { expect, test } from 'bun:test'
import { addClient, addNode, addRouter, outcomeOf, wish } from './cast.ts'
import { Stage } from './stage.ts'

test('an honest job on the stage', () => {
  const stage = new Stage()
  const router = addRouter(stage)
  const node = addNode(stage, router)
  const client = addClient(stage, router)
  const job = wish(stage, client)
  const t = performance.now()
  stage.advance(120_000)
  console.log(performance.now() - t)
  for (const p of stage.parties) expect(p.broken).toBeUndefined()
  const outcome = outcomeOf(stage, job)
  expect(outcome.fault).toBeNull()
  expect(outcome).toMatchObject({ verified: true, cost: 10n })
})
