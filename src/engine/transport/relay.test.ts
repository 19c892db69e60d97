import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { openCable } from '../../../test/fakes/relay-cable.ts'
import { shiftingClock } from '../../../test/lightning/shifting-clock.ts'
import { systemClock } from '../base/clock.ts'
import { seededRandom } from '../base/random.ts'
import { eventText } from '../protocol/event.ts'
import { closeAll as closeDoors, openDoor, router } from './door.fixtures.ts'
import { secp } from './link.fixtures.ts'
import {
  author,
  closeAll,
  closing,
  dial,
  eventFor,
  KIND,
  me,
  openRelay,
  until,
} from './relay.fixtures.ts'
import { dialRelay } from './relay.ts'

afterEach(async () => {
  await closeAll()
  await closeDoors()
})

describe('a relay', () => {
  test('takes events, and gives those that were asked for', async () => {
    const far = await openRelay()
    const near = dial(far.url)
    expect(near.relay.ready()).toBe(false)
    expect((await near.relay.publish(eventFor())).state).toBe('unknown')
    await near.ready()
    const event = eventFor()
    expect(await near.relay.publish(event)).toEqual({ state: 'delivered' })
    await until(() => near.heard.length === 1)
    expect(near.heard[0]).toEqual(event)
    expect(far.published).toEqual([event])
  })

  test('is not believed: what is forged, changed, or was not asked for is not heard', async () => {
    const far = await openRelay()
    const near = dial(far.url)
    await near.ready()
    const genuine = eventFor()
    const say = (event: object) => far.blurt(JSON.stringify(['EVENT', 'me', event]))
    say({ ...eventFor(), content: 'changed' })
    say({ ...eventFor(), pubkey: me.pubkey })
    say({ ...eventFor(), sig: eventFor().sig })
    say({ ...eventFor(), id: '0'.repeat(64) })
    say(eventFor({ to: author.pubkey }))
    say(eventFor({ kind: KIND + 1 }))
    say(eventFor({ ageSec: 3_600 }))
    far.blurt(`["EVENT","other",${eventText(eventFor())}]`)
    // The same, written as others write it.
    far.blurt(` [ "EVENT" , "me" , ${eventText(genuine)} ] `)
    await until(() => near.heard.length > 0)
    expect(near.heard).toEqual([genuine])
  })

  test('that talks nonsense changes nothing', async () => {
    const far = await openRelay()
    const near = dial(far.url)
    await near.ready()
    for (const text of ['', '[]', '{}', 'null', '["EVENT"]', '["EVENT","me"]', '["EVENT","me",3]'])
      far.blurt(text)
    const words = fc.constantFrom('EVENT', 'OK', 'AUTH', 'EOSE', 'NOTICE', 'COUNT', 'x')
    const messages = fc.tuple(words, fc.jsonValue(), fc.jsonValue(), fc.jsonValue())
    for (const message of fc.sample(messages, { numRuns: 200, seed: 5 }))
      far.blurt(JSON.stringify(message))
    const event = eventFor()
    expect(await near.relay.publish(event)).toEqual({ state: 'delivered' })
    await until(() => near.heard.length === 1)
    expect(near.troubles).toEqual([])
  })

  test('that ends the connection is dialled again, and asked from then on', async () => {
    const far = await openRelay()
    const near = dial(far.url)
    await near.ready()
    far.cut()
    await near.trouble(/^dial.closed the connection to 127.0.0.1:\d+ ended/)
    near.clock.shift(5_000)
    await near.ready(2)
    expect(near.sinces[1]! - near.sinces[0]!).toBeGreaterThanOrEqual(5)
    await near.relay.publish(eventFor({ ageSec: -6 }))
    await until(() => near.heard.length === 1)
  })

  test('is asked for something else in between, without a gap', async () => {
    const far = await openRelay()
    let kind = KIND
    const heard: number[] = []
    const clock = shiftingClock()
    const relay = dialRelay(
      far.url,
      {
        signer: me,
        filters: () => [{ kinds: [kind] }],
        onEvent: (event) => heard.push(event.kind),
      },
      { clock, random: seededRandom(3), verifier: secp },
    )
    closing.push(relay.close)
    relay.resubscribe()
    await until(() => relay.ready())
    await relay.publish(eventFor())
    await relay.publish(eventFor({ kind: KIND + 1 }))
    kind++
    relay.resubscribe()
    await relay.publish(eventFor({ kind }))
    await relay.publish(eventFor())
    await until(() => heard.length === 2)
    expect(heard).toEqual([KIND, KIND + 1])
  })

  test('may refuse what is asked for besides, and gives the rest', async () => {
    const { address } = await openDoor()
    const troubles: string[] = []
    const heard: string[] = []
    let also = 0
    const relay = dialRelay(
      address,
      {
        signer: me,
        filters: () => [{ authors: [router.pubkey] }],
        // A door shows messages to their addressees alone.
        also: () => (also++ === 0 ? [] : [{ kinds: [23_195], '#e': ['ab'.repeat(32)] }]),
        onEvent: ({ id }) => heard.push(id),
        onTrouble: ({ message }) => troubles.push(message),
      },
      { clock: systemClock, random: seededRandom(3), verifier: secp },
    )
    closing.push(relay.close)
    await until(() => relay.ready())
    // What the door has stored comes with each answer; after a refusal, too.
    for (let i = 0; i < 3; i++) {
      const before = heard.length
      relay.resubscribe()
      await until(() => heard.length > before)
    }
    expect([relay.ready(), troubles]).toEqual([true, []])
    expect(also).toBeGreaterThan(3)
  })

  test('that is not there is tried until it is', async () => {
    const far = await openRelay()
    await far.stop()
    const near = dial(far.url)
    await near.trouble(/^dial.unreachable nobody answers at 127.0.0.1:\d+/)
    await far.restart()
    await until(() => {
      near.clock.shift(50)
      return near.relay.ready()
    })
  })

  test('that was cut off without a word is noticed by its silence', async () => {
    const far = await openRelay()
    const cable = openCable(Number(new URL(far.url).port))
    closing.push(cable.close)
    const near = dial(`ws://127.0.0.1:${cable.port}`, { pingMs: 2_000, linkLostMs: 1_000 })
    await near.ready()
    await until(() => {
      near.clock.shift(50)
      return near.clock.ticks() > 10_000
    })
    expect(near.troubles).toEqual([])
    cable.pull()
    await near.trouble(/no answer to a ping/)
    expect(near.relay.ready()).toBe(false)
  })

  test('that answers no REQ is given up', async () => {
    const far = await openRelay({ frozen: true })
    await dial(far.url).trouble(/^dial.silent .*no answer to REQ/)
  })

  test.each([
    ['a message that is too large', (blurt: Blurt) => blurt(`["NOTICE","${'x'.repeat(70_000)}"]`)],
    ['messages without end', (blurt: Blurt) => flood(1_500, () => blurt('["NOTICE","x"]'))],
    ['forged events without end', (blurt: Blurt) => flood(1_500, () => blurt(FORGED))],
  ])('that sends %s is left', async (_, attack) => {
    const far = await openRelay()
    const near = dial(far.url)
    await near.ready()
    attack(far.blurt)
    await near.trouble(/^dial.closed .*it sent (a message that is too large|too many)/)
    expect(near.heard).toEqual([])
  })
})

type Blurt = (text: string) => void
const FORGED = JSON.stringify(['EVENT', 'me', { ...eventFor(), content: 'changed' }])
const flood = (times: number, send: () => void): void => {
  for (let i = 0; i < times; i++) send()
}
