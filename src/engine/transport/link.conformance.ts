import { afterEach, describe, expect, test } from 'bun:test'
import { eventText } from '../protocol/event.ts'
import { cancelTo, doorOptions, newKey, recorder } from './link.fixtures.ts'
import type { Delivery, Filter, Listening } from './link.ts'
import type { Dialled, Network } from './network.ts'

/** A network under test, and what lets its time pass until something is so. */
export type Bench = {
  network: Network
  now: () => number
  until: (is: () => boolean) => Promise<void>
}

/** The cases that every network passes. */
export const conformance = (name: string, open: () => Bench): void => {
  const closing: (() => void | Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })

  const meet = async (stored?: (filter: Filter) => string[]) => {
    const bench = open()
    const [router, client] = [newKey(), newKey()]
    const [door, dial] = [recorder(), recorder()]
    const listening: Listening = await bench.network.listen(
      doorOptions(router.pubkey, stored),
      door.owner,
    )
    const dialled: Dialled = bench.network.dial(listening.address, { signer: client }, dial.owner)
    closing.push(
      () => listening.close(),
      () => dialled.close(),
    )
    await bench.until(() => dial.links.length === 1)
    return { ...bench, router, client, door, dial, listening, dialled }
  }

  describe(`links: ${name}`, () => {
    test('both ends are told once of the same key, proven by the same event', async () => {
      const { client, door, dial } = await meet()
      expect(dial.proofs).toEqual(door.proofs)
      expect(door.proofs.map((it) => it.key)).toEqual([client.pubkey])
    })

    test('what the door says when it hears of a key arrives', async () => {
      const bench = open()
      const [router, client] = [newKey(), newKey()]
      const [door, dial] = [recorder(), recorder()]
      const delivered: Delivery[] = []
      const event = cancelTo(router, client.pubkey, bench.now())
      door.onKey(async (link) => void delivered.push(await link.send({ event })))
      const listening = await bench.network.listen(doorOptions(router.pubkey), door.owner)
      const dialled = bench.network.dial(listening.address, { signer: client }, dial.owner)
      closing.push(
        () => listening.close(),
        () => dialled.close(),
      )
      await bench.until(() => dial.texts.length === 1 && delivered.length === 1)
      expect(dial.seen).toEqual(['authenticated', 'event'])
      expect([dial.texts, delivered]).toEqual([
        [eventText(event)],
        [{ state: 'delivered' }],
      ] as never)
    })

    test('events and frames arrive in the order in which they were sent, byte for byte', async () => {
      const { until, now, router, client, door, dial } = await meet()
      const [here, there] = [dial.links[0]!, door.links[0]!]
      const up = Array.from({ length: 20 }, () => cancelTo(client, router.pubkey, now()))
      const down = Array.from({ length: 20 }, () => cancelTo(router, client.pubkey, now()))
      for (const [i, event] of up.entries()) {
        void here.send({ event })
        expect(here.frame(Uint8Array.of(1, i))).toBe(true)
        void there.send({ event: down[i]! })
        expect(there.frame(Uint8Array.of(2, i))).toBe(true)
      }
      await until(() => door.seen.length === 41 && dial.seen.length === 41)
      for (const [side, events, mark] of [
        [door, up, 1],
        [dial, down, 2],
      ] as const) {
        expect(side.seen.slice(1)).toEqual(up.flatMap(() => ['event', 'frame']))
        expect(side.texts).toEqual(events.map(eventText))
        expect(side.frames.map((it) => [...it])).toEqual(up.map((_, i) => [mark, i]))
      }
    })

    test('a frame that was given away may be written over', async () => {
      const { until, door, dial } = await meet()
      const bytes = new Uint8Array(100_000).fill(7)
      dial.links[0]!.frame(bytes)
      bytes.fill(8)
      await until(() => door.frames.length === 1)
      expect(door.frames[0]!.every((byte) => byte === 7)).toBe(true)
      expect(door.frames[0]).toBeInstanceOf(Uint8Array)
    })

    const answers: [boolean, string, Delivery][] = [
      [true, '', { state: 'delivered' }],
      [true, 'duplicate: had it', { state: 'delivered' }],
      [true, 'mute: nobody listens', { state: 'unknown', reason: 'mute: nobody listens' }],
      [false, 'mute: nobody listens', { state: 'unknown', reason: 'mute: nobody listens' }],
      [false, 'invalid: no', { state: 'refused', reason: 'invalid: no' }],
    ]
    for (const [accepted, message, delivery] of answers)
      test(`OK ${accepted} "${message}" is ${delivery.state}`, async () => {
        const { until, now, router, client, door, dial } = await meet()
        const event = cancelTo(client, router.pubkey, now())
        door.onEvent((link) => link.answer(event.id, accepted, message))
        let came: Delivery | undefined
        void dial.links[0]!.send({ event }).then((it) => (came = it))
        await until(() => came !== undefined)
        expect(came).toEqual(delivery)
      })

    test('at a door, an event for a key that is not there is mute', async () => {
      const { now, router, door } = await meet()
      const event = cancelTo(router, newKey().pubkey, now())
      const sending = door.links[0]!.send({ event })
      door.links[0]!.close('enough')
      expect((await sending).state).toBe('unknown')
    })

    test('a query gets exact texts, and its filter arrives', async () => {
      const filters: Filter[] = []
      const { until, dial } = await meet((filter) => {
        filters.push(filter)
        return ['{"kind":36420,"content":"\\u0061"}', '{"kind":36420}']
      })
      let found: string[] | undefined
      void dial.links[0]!.query({ kinds: [36_420], limit: 5 }).then((it) => (found = it))
      await until(() => found !== undefined)
      expect(found).toEqual(['{"kind":36420,"content":"\\u0061"}', '{"kind":36420}'])
      expect(filters).toEqual([{ kinds: [36_420], limit: 5 }])
    })

    for (const who of ['the door', 'the dialling side', 'the listener', 'the dialler'] as const)
      test(`${who} closes: both are told once, later, and nothing follows`, async () => {
        const { until, now, router, door, dial, listening, dialled, client } = await meet()
        const [here, there] = [dial.links[0]!, door.links[0]!]
        const waiting = here.send({ event: cancelTo(client, router.pubkey, now()) })
        if (who === 'the door') there.close('enough')
        else if (who === 'the dialling side') here.close('enough')
        else if (who === 'the listener') void listening.close()
        else dialled.close()
        const told = () => [...door.seen, ...dial.seen].filter((it) => it === 'closed').length
        await until(() => told() === 2)
        expect([door.seen.at(-1), dial.seen.at(1)]).toEqual(['closed', 'closed'])
        expect((await waiting).state).toBe('unknown')
        expect([here.frame(Uint8Array.of(1)), there.frame(Uint8Array.of(1))]).toEqual([
          false,
          false,
        ])
        here.close('again')
        there.close('again')
        dialled.close()
        await until(() => true)
        expect(told()).toBe(2)
      })

    test('a link that broke is dialled again, as a new link', async () => {
      const { until, door, dial } = await meet()
      door.links[0]!.close('enough')
      await until(() => dial.links.length === 2 && door.links.length === 2)
      expect(new Set([...dial.links, ...door.links].map((it) => it.id)).size).toBe(4)
    })

    test('nobody there: told with the reason, and tried again until it works', async () => {
      const bench = open()
      const signer = newKey()
      const first = await bench.network.listen(doorOptions(signer.pubkey), recorder().owner)
      await first.close()
      const dial = recorder()
      const codes: string[] = []
      const onTrouble = (trouble: { code: string }) => void codes.push(trouble.code)
      const dialled = bench.network.dial(first.address, { signer, onTrouble }, dial.owner)
      closing.push(() => dialled.close())
      await bench.until(() => codes.length === 1)
      expect(codes).toEqual(['dial.unreachable'])
      const options = { ...doorOptions(signer.pubkey), port: Number(new URL(first.address).port) }
      const again = await bench.network.listen(options, recorder().owner)
      closing.push(() => again.close())
      await bench.until(() => dial.links.length === 1)
    })

    test('a port that is taken is a Fault', async () => {
      const { network, listening, router } = await meet()
      const port = Number(new URL(listening.address).port)
      const again = network.listen({ ...doorOptions(router.pubkey), port }, recorder().owner)
      expect(await again.catch((error: unknown) => error)).toMatchObject({ code: 'door.taken' })
    })
  })
}
