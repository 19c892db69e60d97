import { expect, test } from 'bun:test'
import { unixMs } from '../base/clock.ts'
import { Deadlines } from '../base/deadlines.ts'
import { Fault } from '../base/fault.ts'
import type { Fields } from '../base/log.ts'
import { seededRandom } from '../base/random.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import { newSigner } from '../identity/signer.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import { draftOf } from '../protocol/draft.ts'
import { eventText } from '../protocol/event.ts'
import { ReplayCache } from '../protocol/replay.ts'
import { memoryStore } from '../storage/memory.ts'
import { invoiceOf, settledEntry, tabOf } from '../storage/money.case.ts'
import type { MoneyChange, MoneyStore } from '../storage/money-store.ts'
import type { Store } from '../storage/store.ts'
import type { Link } from '../transport/link.ts'
import { Loop } from './loop.ts'
import type { WireEffect, WireEvent } from './wire.ts'

const secp = await openSecp256k1()
const random = seededRandom(4)
const [me, peer] = [newSigner(secp, random), newSigner(secp, random)]

/** A loop whose mind wants `effects` for each message, and a link that writes everything down. */
const looped = (
  effects: WireEffect[] = [],
  store: Store = memoryStore(),
  money: MoneyStore = memoryStore().money,
) => {
  const truth = virtualClock(unixMs(1_800_000_000_000))
  /** How far somebody has set the clock, ms. */
  const skew = { ms: 0 }
  const clock = { ...truth, now: () => unixMs(truth.now() + skew.ms) }
  const heard: string[] = []
  const logged: (Fields & { event: string })[] = []
  const answers: [boolean, string][] = []
  const did = { offences: 0, taken: 0, closed: '', takes: true }
  const broken: Fault[] = []
  const deadlines = new Deadlines()
  const note = (event: string, fields?: Fields) => void logged.push({ event, ...fields })
  const loop = new Loop<null, WireEvent, WireEffect>({
    state: null,
    decide: (state, event) => {
      heard.push(event.type)
      return { state, effects: event.type === 'message' ? effects : [] }
    },
    deadlines: () => deadlines,
    other: () => {},
    rules: {
      verifier: secp,
      net: 'sim',
      isMe: (key) => key === me.pubkey,
      startedAt: clock.now(),
      replay: new ReplayCache(120_000),
    },
    clock,
    store,
    money,
    log: { info: note, warn: note, error: note },
    broken: (fault) => void broken.push(fault),
  })
  const link: Link = {
    id: 7,
    address: 'test',
    send: async () => ({ state: 'delivered' }),
    frame: () => did.takes,
    answer: (_, accepted, message) => void answers.push([accepted, message]),
    taken: () => void did.taken++,
    offend: () => void did.offences++,
    stray: () => {},
    query: async () => [],
    unsent: () => 0,
    close: (reason) => void (did.closed ||= reason),
  }
  loop.authenticated(link, peer.pubkey, 'a'.repeat(64) as never)
  const revoke = (n: number): string => {
    const tickets = [n.toString(16).padStart(64, '0')]
    const now = clock.now()
    return eventText(
      peer.sign(
        draftOf('revoke', { tickets, reason: 'drain' } as never, {
          now,
          net: 'sim',
          to: me.pubkey,
        }),
      ),
    )
  }
  return { loop, link, clock, skew, heard, logged, answers, did, broken, revoke }
}

test('a replay is a yes, and reaches nobody a second time', () => {
  const it = looped()
  const text = it.revoke(1)
  it.loop.event(it.link, text)
  it.loop.event(it.link, text)
  expect(it.heard).toEqual(['authenticated', 'message'])
  expect(it.answers).toEqual([[true, 'duplicate: seen']])
  expect(it.did.offences).toBe(0)
})

test('what is accepted is taken once, where its answer comes, or before where the disk is waited for', () => {
  const yes = {
    do: 'answer',
    link: 7,
    id: 'a'.repeat(64) as never,
    accepted: true,
    message: '',
  } as const
  for (const [effects, taken, answers] of [
    [[yes], 1, 1],
    [[{ ...yes, accepted: false }], 0, 1],
    [[{ do: 'taken', link: 7 }], 1, 0],
    [
      [
        { do: 'taken', link: 7 },
        { ...yes, late: true },
      ],
      1,
      1,
    ],
  ] as const) {
    const it = looped([...effects])
    it.loop.event(it.link, it.revoke(1))
    // A replay is answered with yes, too; it has cost work and brought nothing.
    it.loop.event(it.link, it.revoke(1))
    expect([it.did.taken, it.answers.length]).toEqual([taken, answers + 1])
  }
})

test('a process that began under a wrong clock believes its peers when it is set right', async () => {
  const it = looped()
  const text = it.revoke(1)
  it.skew.ms = -300_000
  // Made when our clock, by which we began, was five minutes ahead of everybody.
  const early = it.revoke(2)
  it.loop.event(it.link, early)
  expect(it.heard).toEqual(['authenticated', 'message'])
  it.skew.ms = 0
  it.loop.event(it.link, text)
  it.loop.event(it.link, text)
  expect(it.heard).toEqual(['authenticated', 'message', 'message'])
  expect(it.logged.filter(({ event }) => event === 'clock.set')).toEqual([
    { event: 'clock.set', by_ms: -300_000 },
    { event: 'clock.set', by_ms: 300_000 },
  ])
})

test('what is no event, or not by whom it says, is an offence; what came late or is new is none', () => {
  const it = looped()
  const text = it.revoke(1)
  const forged = [
    'x',
    text.replace('"kind":', '"kynd":'),
    text.replace(/"created_at":(\d+)/, '"created_at":1'),
    text.replace(/"sig":"(.)/, (_, digit) => `"sig":"${digit === '0' ? '1' : '0'}`),
  ]
  for (const bad of forged) it.loop.event(it.link, bad)
  expect(it.did.offences).toBe(4)
  const honest = [
    draftOf('revoke', { tickets: [], reason: 'drain' } as never, {
      now: unixMs(1),
      net: 'sim',
      to: me.pubkey,
    }),
    draftOf('revoke', { tickets: [], reason: 'drain' } as never, {
      now: it.clock.now(),
      net: 'mainnet',
      to: me.pubkey,
    }),
  ]
  for (const draft of honest) it.loop.event(it.link, eventText(peer.sign(draft)))
  expect(it.did.offences).toBe(4)
  expect(it.heard).toEqual(['authenticated', 'untimely', 'foreign'])
})

test('refusals are logged once a second, with how many there were', async () => {
  const it = looped()
  for (let i = 0; i < 1_000; i++) it.loop.event(it.link, 'x')
  await it.clock.advance(1_000)
  for (let i = 0; i < 5; i++) it.loop.event(it.link, 'x')
  it.loop.closed(it.link, 'gone')
  expect(it.logged).toEqual(
    [1, 1_000, 4].map((count) => ({
      event: 'event.refused',
      code: 'event.not_json',
      link: 7,
      count,
    })),
  )
})

test('a link that does not take a frame is closed: its stream has a hole', () => {
  const it = looped([{ do: 'frame', link: 7, bytes: new Uint8Array(1) }])
  it.loop.event(it.link, it.revoke(1))
  expect(it.did.closed).toBe('')
  it.did.takes = false
  it.loop.event(it.link, it.revoke(2))
  expect(it.did.closed).toBe('it takes no more frames')
})

test('an invoice that the ledger knows is told to the mind; whatever else is not written ends it', async () => {
  const add = { do: 'add', table: 'invoices', row: invoiceOf(1) } as const
  const paid = { do: 'add', table: 'payments', row: settledEntry(1) } as const
  const heard = async (changes: MoneyChange[]) => {
    const { money } = memoryStore()
    await money.write([add, paid])
    const it = looped([{ do: 'commit', id: 3, changes }], memoryStore(), money)
    it.loop.event(it.link, it.revoke(1))
    await it.clock.advance(1)
    return [...it.heard.slice(2), ...it.broken.map(({ code }) => code)]
  }
  const tab = { do: 'put', table: 'tabs', row: tabOf() } as const
  expect(await heard([tab])).toEqual(['committed'])
  expect(await heard([add])).toEqual(['unwritten'])
  for (const changes of [[tab, add], [paid], [{ ...paid, do: 'put' } as const]])
    expect(await heard(changes)).toEqual(['money.known'])
})

test('observations that cannot be written stop nobody, and are told of once', async () => {
  const observation = { node: peer.pubkey, task: 't', model: 'm', outcome: 'ok' } as const
  const whole = { ...observation, firstMs: null, msPerUnit: null, at: unixMs(1) }
  const store: Store = {
    ...memoryStore(),
    observe: () => Promise.reject(new Fault('io', 'ledger.io', 'the disk is full')),
  }
  const it = looped([{ do: 'observe', observation: whole }], store)
  for (const n of [1, 2]) it.loop.event(it.link, it.revoke(n))
  await Promise.resolve()
  await Promise.resolve()
  expect(it.broken).toEqual([])
  expect(it.logged).toEqual([{ event: 'observations.unwritten', code: 'ledger.io' }])
  it.loop.event(it.link, it.revoke(3))
  expect(it.heard).toHaveLength(4)
})
