// A job that is stopped: whatever its node says then, nothing of it goes out or is paid any more.
import { expect, test } from 'bun:test'
import { newsOf, outcomeOf, wish } from './cast.ts'
import { moneyScene } from './money-scene.ts'
import { forged, withEvent } from './parcel.ts'
import { eventsTo, held } from './scene.ts'

test('a job that is stopped is not asked for anew, where its node says then that it lacks money', () => {
  const it = moneyScene()
  const late = held(it.stage, it.client, 'accepted')
  const job = wish(it.stage, it.client)
  expect(late).toHaveLength(1)
  const asked = eventsTo(it.router, 'ask').length
  // The node hears of no cancel, and lets nothing else out of the house.
  it.stage.tampers.length = 0
  it.stage.tampers.push(({ to, from }) => (to === it.node || from === it.node ? [] : undefined))
  it.stage.tell(it.client, { type: 'cancel', job })
  const [parcel] = late
  if (parcel?.kind !== 'event') throw new Error('no accepted')
  const said = { status: 'refused', reason: 'unfunded' }
  it.stage.deliver(withEvent(parcel, forged(it.node.signer, parcel.event, said)))
  it.stage.advance(10_000)
  expect(outcomeOf(it.stage, job).fault).toMatchObject({ kind: 'interrupted' })
  expect(newsOf(it.stage, job).map(({ type }) => type)).not.toContain('again')
  expect(eventsTo(it.router, 'ask')).toHaveLength(asked)
})
