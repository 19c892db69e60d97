// Whatever numbers the schemas take, signed by whoever may sign them: no mind throws, divides by nothing or spins.
import { test } from 'bun:test'
import fc from 'fast-check'
import { toSec } from '../../../src/engine/base/clock.ts'
import { type Msat, msat } from '../../../src/engine/base/money.ts'
import { seededRandom } from '../../../src/engine/base/random.ts'
import { openOutput, sealOutput } from '../../../src/engine/identity/frame-seal.ts'
import { type Signed, eventText } from '../../../src/engine/protocol/event.ts'
import { UNITS } from '../../../src/engine/protocol/fields.ts'
import { encodeCredit, frameHeader, type Frame } from '../../../src/engine/protocol/frames.ts'
import { KINDS, type KindName, kindName } from '../../../src/engine/protocol/kinds.ts'
import { MONEY_KINDS } from '../../../src/engine/protocol/money.ts'
import { PLAY_PRICES } from '../../../src/engine/roles/node/prices.ts'
import { SAMPLES } from '../../vectors/samples.ts'
import { type NodeOptions, wish } from './cast.ts'
import { type Draw, type Forge, extreme, extremeEvent } from './extremes.ts'
import { letterWith, opened } from './money.ts'
import { type MoneyScene, moneyScene, tabKey } from './money-scene.ts'
import { type Content, type Parcel, withEvent, withFrame } from './parcel.ts'
import type { Party } from './party.ts'
import { resealed, unharmed } from './scene.ts'

const TIMINGS = ['before', 'stream', 'after', 'free', 'hold'] as const

/** What a node of its own may ask, and in which units. */
const termsOf = (draw: Draw): Pick<NodeOptions, 'rows' | 'granularity'> => {
  const row = {
    ...PLAY_PRICES[0]!,
    timings: TIMINGS.filter((it) => it !== 'hold' && draw(2) === 0),
  }
  const timings = row.timings.length > 0 ? row.timings : ['before' as const]
  const pay = { payees: [], bind: 'hash' as const, granularity: '1', keeps_days: 1 }
  const said = extreme('sheet', { rows: [{ ...row, timings }], pay }, draw, 2, NOBODY)
  return { rows: [{ ...said.rows[0]!, row: 0 }], granularity: said.pay.granularity }
}
const NOBODY: Forge = { signerOf: () => undefined, bolt11: () => '' }

/** A scene in which money flows, and whoever can sign in it. */
const opening = (seed: number, words?: null) => {
  const random = seededRandom(seed)
  const draw: Draw = (n) => random.below(n)
  const it = moneyScene({
    proven: draw(4) === 0,
    ...(draw(2) === 0 ? {} : termsOf(draw)),
    words: words === null ? null : Array.from({ length: 1 + draw(6) }, (_, i) => `word${i} `),
    quick: true,
  })
  if (draw(2) === 0)
    Object.assign(it.client.state.money!, {
      caps: { budget: null, exposure: null, maxPrice: null },
    })
  const signers = () => [...it.stage.parties.map(({ signer }) => signer), tabKey(it), routerTab(it)]
  const forge: Forge = {
    signerOf: (key) => signers().find(({ pubkey }) => pubkey === key),
    bolt11: (terms, amount) => it.mint.bolt11(terms, amount as Msat),
  }
  return { it, draw, forge }
}
type Opening = ReturnType<typeof opening>

const routerTab = ({ client, router }: MoneyScene) => client.state.money!.tab(router.signer.pubkey)

/** What passes is changed on its way, whatever it is. */
const tamper = ({ it, draw, forge }: Opening, often: number): void => {
  it.stage.tampers.push((parcel) => {
    if (draw(often) !== 0) return undefined
    if (parcel.kind === 'event') return [eventParcel(parcel, { it, draw, forge })]
    return parcel.kind === 'frame' ? [frameParcel(parcel, { it, draw, forge })] : undefined
  })
}

const eventParcel = (
  parcel: Extract<Parcel, { kind: 'event' }>,
  { it, draw, forge }: Opening,
): Parcel => {
  const { event, to } = parcel
  if (kindName(event.kind) !== 'money')
    return withEvent(parcel, extremeEvent(event, draw, 3, forge))
  const sender = forge.signerOf(event.pubkey)
  const receiver = it.stage.parties.find(
    ({ signer }) => signer.pubkey === event.tags.find(([name]) => name === 'p')?.[1],
  )
  if (!sender || receiver !== to) return parcel
  const inner = extremeEvent(opened(to.signer, event).event, draw, 3, forge)
  return withEvent(parcel, letterWith(it.stage, sender, to.signer.pubkey, inner))
}

const frameParcel = (
  parcel: Extract<Parcel, { kind: 'frame' }>,
  { it, draw, forge }: Opening,
): Parcel => {
  const { frame } = parcel
  const job = it.node.state.jobs.get(frame.tag)
  if (!job || job.forgotten) return parcel
  if (frame.type === 'output')
    return withFrame(
      parcel,
      resealed(it.node, frame, (payload) => ({
        ...payload,
        u: Object.fromEntries(UNITS.map((unit) => [unit, EDGES[draw(EDGES.length)]])),
      })),
    )
  if (frame.type === 'money') {
    const { money } = job.secrets
    const text = openOutput(money, frameHeader(frame), frame.seq, frame.bytes)!
    const said = JSON.parse(Buffer.from(text).toString()) as Signed
    const bytes = Buffer.from(eventText(extremeEvent(said, draw, 2, forge)))
    return withFrame(parcel, {
      ...frame,
      bytes: sealOutput(money, frameHeader(frame), frame.seq, bytes),
    })
  }
  if (frame.type !== 'outputCredit' && frame.type !== 'inputCredit') return parcel
  const credit = { next: EDGES[draw(3)]!, allowed: EDGES[draw(EDGES.length)]! }
  const bytes = encodeCredit(job.secrets.credit, frame.tag, frame.type, credit)
  return withFrame(parcel, { ...frame, seq: credit.next, bytes } as Frame)
}
const EDGES = [0, 1, 2 ** 32 - 1, 10, 2 ** 31, Number.MAX_SAFE_INTEGER]

/** A wallet says anything, as often as it likes. */
const walletSays = ({ it, draw }: Opening): void => {
  const states = ['settled', 'open', 'canceled', 'accepted', 'unknown'] as const
  const received = [null, msat(0n), msat(1n), msat(10_000n), msat(2_100_000_000_000_000_000n)]
  for (const hash of it.mint.made.keys())
    it.stage.tell(it.node, {
      type: 'wallet',
      event: {
        type: 'status',
        hash,
        state: states[draw(states.length)]!,
        received: received[draw(received.length)]!,
      },
    })
}

const play = (seed: number, often: number): Opening => {
  const scene = opening(seed)
  const { it, draw } = scene
  tamper(scene, often)
  for (let n = 0; n < 3; n++) {
    const timings = [TIMINGS[draw(TIMINGS.length - 1)]!]
    wish(it.stage, it.client, {
      outTokens: draw(3) === 0 ? EDGES[draw(5)]! : 64,
      ...(draw(2) === 0 && { timings }),
    })
    it.stage.advance(5_000)
    walletSays(scene)
  }
  it.stage.advance(120_000)
  return scene
}

/** All kinds are said to all, by all: with what was said before, or what the documents show, in them. */
const everythingToAll = (seed: number): Opening => {
  const scene = opening(seed, null)
  const { it, draw, forge } = scene
  const { stage } = it
  for (let n = 0; n < 2; n++) wish(stage, it.client)
  stage.advance(3_000)
  const known = new Map<KindName, Signed[]>()
  for (const event of stage.parties.flatMap(saidTo)) {
    const name = kindName(event.kind)!
    known.set(name, [...(known.get(name) ?? []), event])
  }
  for (const name of NAMES)
    for (const to of [it.router, it.node, it.client])
      for (const by of [it.client.signer, it.node.signer, it.router.signer, tabKey(it)]) {
        const before = [...(known.get(name) ?? []), SAMPLES[name].draft]
        const { kind, content, tags } = before[draw(before.length)]!
        const changed = extreme(name, JSON.parse(content) as Content, draw, 2, forge)
        const event = by.sign({
          kind,
          created_at: toSec(stage.now),
          tags: tags.map(([tag, ...rest]) =>
            tag === 'p'
              ? ['p', to.signer.pubkey]
              : tag === 'expiration'
                ? ['expiration', String(toSec(stage.now) + 30)]
                : [tag!, ...rest],
          ),
          content: JSON.stringify(changed),
        })
        say(scene, to, event, name)
      }
  stage.advance(120_000)
  return scene
}

/** Limits by a key that is no router's end a link: they come last. */
const NAMES = [
  ...(Object.keys(KINDS) as KindName[]).filter((it) => it !== 'quota'),
  'quota',
] as const

/** What a party heard, also in letters. */
const saidTo = (party: Party): Signed[] =>
  party.heard.flatMap((parcel) => {
    if (parcel.kind !== 'event') return []
    const { event } = parcel
    const isOurs = event.tags.some(([name, key]) => name === 'p' && key === party.signer.pubkey)
    return kindName(event.kind) === 'money' && isOurs
      ? [opened(party.signer, event).event]
      : [event]
  })

/** On each link of a party, as it is and, of what travels sealed, in a letter of its other end. */
const say = ({ it: { stage } }: Opening, to: Party, event: Signed, name: KindName): void => {
  for (const [link, { to: from }] of to.links) {
    const parcel = { from, to, link, kind: 'event', event, text: '' } as const
    stage.deliver(withEvent(parcel, event))
    if (!(MONEY_KINDS as readonly KindName[]).includes(name)) continue
    const letter = letterWith(stage, from.signer, to.signer.pubkey, event)
    stage.deliver(withEvent(parcel, letter))
  }
}

const holds = (runs: number, made: (seed: number) => Opening): void =>
  fc.assert(
    fc.property(fc.noBias(fc.noShrink(fc.nat({ max: 2 ** 31 - 1 }))), (seed) =>
      unharmed(made(seed).it.stage),
    ),
    { seed: 11, numRuns: runs },
  )

test.each([2, 5, 20])(
  'on the way: one message of %d says other numbers',
  (often) => {
    holds(24, (seed) => play(seed, often))
  },
  60_000,
)

test('out of place: every kind is said to every mind, by whoever can sign it', () => {
  holds(12, everythingToAll)
}, 60_000)
