import { afterEach, expect, test } from 'bun:test'
import { silentLog } from '../../../src/engine/base/log.ts'
import { msat } from '../../../src/engine/base/money.ts'
import { type Clock, systemClock, unixMs } from '../../../src/engine/base/clock.ts'
import { seededRandom } from '../../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../../src/engine/identity/secp256k1.ts'
import { newSigner, signerOf } from '../../../src/engine/identity/signer.ts'
import type { Secp256k1, Signer } from '../../../src/engine/identity/seams.ts'
import { openClient } from '../../../src/engine/roles/client/client.ts'
import { openNode } from '../../../src/engine/roles/node/node.ts'
import { PLAY_PRICES } from '../../../src/engine/roles/node/prices.ts'
import { openRouter } from '../../../src/engine/roles/router/router.ts'
import { memoryStore } from '../../../src/engine/storage/memory.ts'
import { eventText } from '../../../src/engine/protocol/event.ts'
import { authDraft } from '../../../src/engine/transport/auth.ts'
import { elementsOf } from '../../../src/engine/transport/wire.ts'
import { socketNetwork } from '../../../src/engine/transport/sockets.ts'
import { scriptedRunner, textPieces } from '../../fakes/scripted-runner.ts'
import context from '../../vectors/events/context.json'
import type { Hostile } from '../../vectors/hostile/index.ts'
import { CLIENT, NODE, ROUTER, TAB } from '../../vectors/samples.ts'
import { wishOf } from '../world.ts'

// The corpus of test/vectors, thrown at a real door over real sockets, while it serves others.
const secp = await openSecp256k1()
const corpus = (
  await Bun.file(new URL('../../vectors/events/hostile.jsonl', import.meta.url)).text()
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Hostile)

const registration = (
  await Bun.file(new URL('../../vectors/events/valid.jsonl', import.meta.url)).text()
)
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as { name: string; text: string })
  .find(({ name }) => name === 'register')!

/** The clock of context.json, which stands: by it each case is wrong in one thing only. Both of its hands, or it was set. */
const clock: Clock = { ...systemClock, now: () => unixMs(context.now), ticks: () => 0 }
const random = seededRandom(5)
const known = (party: typeof CLIENT): Signer => signerOf(party.secret, secp, random)
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const open = async (verifier: Secp256k1 = secp) => {
  const broken: string[] = []
  const common = {
    secp,
    net: 'sim' as const,
    network: socketNetwork({ clock, random }),
    log: silentLog,
    clock,
    random,
    software: 'test',
    broken: (fault: { code: string }) => void broken.push(fault.code),
  }
  const router = await openRouter({
    ...common,
    secp: verifier,
    signer: known(ROUTER),
    store: memoryStore(),
    hostname: '127.0.0.1',
    port: 0,
    name: 'router',
    // The floods of one address are tried elsewhere.
    bounds: { eventsBurst: 10_000, strayBytesPerSecond: 1e9, keysPerAddress: 1_000 },
  })
  closing.push(() => router.close())
  const at = { key: router.key, address: router.address }
  const runner = scriptedRunner({ pieces: textPieces(['one ', 'two']) }, { clock: systemClock })
  const node = await openNode({
    ...common,
    signer: newSigner(secp, random),
    store: memoryStore(),
    routers: [at],
    runners: [runner],
    rows: PLAY_PRICES,
  })
  closing.push(() => node.close({ now: true }))
  const client = await openClient({ ...common, router: at })
  closing.push(() => client.close())
  return { router, node, client, broken }
}

/** A connection that has proven a key and says what it likes; what is answered comes by id. */
const intruder = async (address: string, signer: Signer) => {
  const socket = new WebSocket(address)
  const answers: string[] = []
  const ready = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<number>()
  closing.push(() => socket.close())
  socket.addEventListener('close', ({ code }) => closed.resolve(code))
  socket.addEventListener('message', ({ data }) => {
    const [label, , accepted, text] = JSON.parse(String(data)) as [string, string, boolean, string]
    if (label === 'AUTH') {
      const draft = authDraft(address, JSON.parse(String(data))[1] as string, clock.now())
      socket.send(`["AUTH",${eventText(signer.sign(draft))}]`)
    } else if (label === 'NOTICE') answers.push('NOTICE')
    else if (label === 'OK' && accepted && text === '') ready.resolve()
    else if (label === 'OK') answers.push(text)
  })
  await ready.promise
  return { socket, answers, closed: closed.promise }
}

const textOf = (row: Hostile): string | null => {
  if ('text' in row) return row.text
  return 'before' in row ? row.before + row.unit.repeat(row.times) + row.after : null
}

const job = async (client: Awaited<ReturnType<typeof open>>['client']) => {
  for await (const news of client.request(wishOf())) if (news.type === 'ended') return news.outcome
  throw new Error('it did not end')
}

/** What a socket can be told as text, by a reader whose clock and start are those of context.json. */
const sayable = corpus.flatMap((row) => {
  const text = textOf(row)
  const isOwn = row.now !== undefined || row.started_at !== undefined
  return text === null || isOwn || text.length > 66_000 ? [] : [{ row, text }]
})
/** An OK names an id: what has none that could be found is counted against its sender, and not answered. */
const isSilent = (text: string): boolean =>
  !/"id" *: *"[0-9a-f]{64}"/.test(text) &&
  (/^\{.*\}$/s.test(text) || elementsOf(`["EVENT",${text}]`, 13)?.length === 2)

/** Less than what a door forgives. */
const AT_ONCE = 15

test('a door that is told the whole corpus gives each its code, and serves others meanwhile', async () => {
  const it = await open()
  // Three keys of the context are on links, so that what is for them is the router’s to read.
  for (const party of [CLIENT, TAB]) await intruder(it.router.address, known(party))
  // One is a registered node, or a letter to it would be nobody's to read.
  const { socket: its } = await intruder(it.router.address, known(NODE))
  its.send(`["EVENT",${registration.text}]`)
  for (let i = 0; i < 2_000 && it.router.figures().nodes < 2; i++) await Bun.sleep(1)
  const wrong: string[] = []
  for (let from = 0; from < sayable.length; from += AT_ONCE) {
    const batch = sayable.slice(from, from + AT_ONCE)
    const { socket, answers } = await intruder(it.router.address, newSigner(secp, random))
    const meanwhile = from % (20 * AT_ONCE) === 0 ? job(it.client) : null
    for (const { row, text } of batch) {
      if (row.first) socket.send(`["EVENT",${row.first}]`)
      socket.send(`["EVENT",${text}]`)
    }
    const count = batch.reduce(
      (sum, { row, text }) => sum + (row.first ? 1 : 0) + (isSilent(text) ? 0 : 1),
      0,
    )
    for (let i = 0; i < 2_000 && answers.length < count; i++) await Bun.sleep(1)
    let n = 0
    for (const { row, text } of batch) {
      if (row.first) n++
      if (isSilent(text)) continue
      const answer = answers[n++] ?? 'nothing'
      if (!isAnswerTo(row, text, answer)) wrong.push(`${row.code} ${row.note}: ${answer}`)
    }
    socket.close()
    if (meanwhile) expect(await meanwhile).toMatchObject({ fault: null, verified: true })
  }
  expect(wrong).toEqual([])
  expect(sayable.length).toBeGreaterThan(850)
  expect(it.broken).toEqual([])
  expect(await job(it.client)).toMatchObject({ fault: null, cost: msat(10n) })
}, 30_000)

/** What is no NIP-01 message gets a NOTICE; what was admitted before is answered with yes. */
const isAnswerTo = (row: Hostile, text: string, answer: string): boolean => {
  // Offers are for a client, and only its nodes say something to one through a router.
  const isOffers = /"kind":26422,/.test(text)
  if (isOffers && answer.startsWith('invalid: event.not_for_us')) return true
  if (row.code === 'event.replayed') return answer === 'duplicate: seen'
  return answer === 'NOTICE' || answer.startsWith('invalid: ' + row.code)
}

test('who goes on forging is hung up on after twenty', async () => {
  const it = await open()
  const { socket, closed, answers } = await intruder(it.router.address, newSigner(secp, random))
  const forged = sayable.filter(({ row }) => row.code === 'event.bad_signature')
  for (let n = 0; n < 40; n++) socket.send(`["EVENT",${forged[n % forged.length]!.text}]`)
  expect(await closed).toBe(1008)
  expect(answers.length).toBe(21)
  expect(await job(it.client)).toMatchObject({ fault: null })
})

/** Connections that never become a link: nothing, half of a request, one that asks for a socket and goes quiet. */
const halfOpen = async (address: string, count: number): Promise<void> => {
  const texts = ['', 'GET / HTTP/1.1\r\nHost: x\r\n', 'GET / HTTP/1.1\r\nUpgrade: websocket\r\n']
  const { hostname, port } = new URL(address)
  for (let n = 0; n < count; n++) {
    const socket = { open: (it: Bun.Socket) => void it.write(texts[n % 3]!), data() {}, error() {} }
    const half = await Bun.connect({ hostname, port: Number(port), socket })
    closing.push(() => half.end())
  }
}

test('ten who forge, ten who subscribe without end and a hundred half-open sockets hold nobody up, and each costs little', async () => {
  let failed = 0
  const verify: Secp256k1['verify'] = (...args) => {
    const holds = secp.verify(...args)
    if (!holds) failed++
    return holds
  }
  const it = await open(Object.assign(Object.create(secp) as Secp256k1, { verify }))
  const { address } = it.router
  await halfOpen(address, 100)
  const crowd = await Promise.all(
    Array.from({ length: 20 }, () => intruder(address, newSigner(secp, random))),
  )
  const { text } = sayable.find(({ row }) => row.code === 'event.bad_signature')!
  for (const [n, { socket }] of crowd.entries())
    for (let i = 0; i < 300; i++)
      socket.send(n < 10 ? `["EVENT",${text}]` : `["REQ","s${i}",{"kinds":[36420]}]`)
  const served = Promise.all([1, 2, 3, 4].map(() => job(it.client)))
  expect(await Promise.all(crowd.map(({ closed }) => closed))).toEqual(crowd.map(() => 1008))
  for (const outcome of await served) expect(outcome).toMatchObject({ fault: null, verified: true })
  // What is thrown at it after the twenty-first, it does not even look at.
  expect(failed).toBe(10 * 21)
  expect(it.broken).toEqual([])
})
