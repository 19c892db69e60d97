import { toHex } from '../../../src/engine/base/bytes.ts'
import { unixMs } from '../../../src/engine/base/clock.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { type JobId, type PubKey, bootId, jobId } from '../../../src/engine/protocol/ids.ts'
import type { IntakeRules } from '../../../src/engine/protocol/intake.ts'
import type { Contents } from '../../../src/engine/protocol/messages.ts'
import { sheet as sheetSchema } from '../../../src/engine/protocol/sheet.ts'
import { ANYWHERE } from '../../../src/engine/protocol/where.ts'
import { decide as clientDecide } from '../../../src/engine/roles/client/decide.ts'
import type { News, Outcome, Wish } from '../../../src/engine/roles/client/news.ts'
import { newClientState } from '../../../src/engine/roles/client/state.ts'
import { decide as nodeDecide } from '../../../src/engine/roles/node/decide.ts'
import { PLAY_PRICES } from '../../../src/engine/roles/node/prices.ts'
import { newNodeState } from '../../../src/engine/roles/node/state.ts'
import { isAddressee } from '../../../src/engine/roles/router/away.ts'
import { decide as routerDecide } from '../../../src/engine/roles/router/decide.ts'
import { newRouterState } from '../../../src/engine/roles/router/state.ts'
import type { WireEvent } from '../../../src/engine/roles/wire.ts'
import type { Capability } from '../../../src/engine/runners/runner.ts'
import type { ClientEvent } from '../../../src/engine/roles/client/state.ts'
import type { NodeEvent } from '../../../src/engine/roles/node/state.ts'
import { openProofs } from '../../../src/engine/spending/proofs.ts'
import { windowBudget } from '../../../src/engine/transport/flow.ts'
import { scriptedChat } from '../../fakes/scripted-runner.ts'
import type { Mint } from './money.ts'
import type { ClientParty, Mind, NodeParty, Party, RouterParty, Run } from './party.ts'
import type { Stage } from './stage.ts'

/** A router's mind behind a door. */
export const addRouter = (
  stage: Stage,
  {
    name = 'router',
    operator = null,
    clockMs,
    again,
    proven = false,
  }: {
    name?: string
    operator?: PubKey | null
    clockMs?: number
    /** A router that comes back: its key. */
    again?: RouterParty
    /** It wants to see each payment. */
    proven?: boolean
  } = {},
): RouterParty => {
  const signer = again?.signer ?? stage.newSigner()
  const { bounds, random } = stage
  const state = newRouterState({
    signer,
    verifier: stage.secp,
    net: 'sim',
    bounds,
    operator,
    ...(proven && {
      payment: 'proven' as const,
      proofs: { ...openProofs(), secp: stage.secp },
    }),
  })
  const mind: Mind = {
    decide: (event, now) => routerDecide(state, event as WireEvent, now, random).effects,
    due: () => state.deadlines.next(),
  }
  const isMe: IntakeRules['isMe'] = (key, event) => isAddressee(state, key, event)
  const party = Object.assign(stage.party(name, mind, { signer, isDoor: true, clockMs, isMe }), {
    state,
  })
  const before = stage.stored
  stage.stored = (door, filter) =>
    door !== party ? before(door, filter) : state.directory.find(filter)
  return party
}

export type NodeOptions = {
  /** Words that every job is answered with, one token each; `null`: the test itself moves the runner. */
  words?: readonly string[] | null
  capabilities?: readonly Capability[]
  slots?: number
  queue?: number
  /** Its clock is so far ahead of the stage’s. */
  clockMs?: number
  rows?: Contents['sheet']['rows']
  operator?: PubKey | null
  /** What its sheet says that its amounts are multiples of, msat. */
  granularity?: string
  /** How it is paid, and by whom its money is counted (money.ts). */
  mint?: Mint
  /** Its link comes from a private network. */
  local?: boolean
  /** A node that comes back: its key and the newest receipt on its disk. */
  again?: NodeParty
}

/** A node's mind, registered with the router. */
export const addNode = (
  stage: Stage,
  router: Party,
  { words = ['one ', 'two '], slots = 1, queue = 0, again, ...options }: NodeOptions = {},
): NodeParty => {
  const signer = again?.signer ?? stage.newSigner()
  const { bounds, random } = stage
  const { clockMs = 0 } = options
  const now = unixMs(stage.now + clockMs)
  const rows = options.rows ?? PLAY_PRICES
  const pay = options.mint && { ...options.mint.pay, granularity: options.granularity ?? '1' }
  const content = { rows, ...(pay && { pay: { ...pay, payees: [...pay.payees] } }) }
  const event = signer.sign(
    draftOf('sheet', content, { now, net: 'sim', d: 'prices', expires: unixMs(now + 1e9) }),
  )
  const head = again?.disk.findLast((it) => it.by === signer.pubkey)?.id ?? null
  const capabilities = options.capabilities ?? [scriptedChat()]
  const info = { name: 'scripted', version: '1' }
  const state = newNodeState({
    signer,
    net: 'sim',
    bounds,
    queue,
    rows,
    head,
    name: null,
    software: 'test',
    operator: options.operator ?? null,
    boot: bootId(toHex(random.bytes(16))),
    sheet: { event, body: sheetSchema.parse(content) },
    runners: [{ info, slots, capabilities }],
  })
  const mind: Mind = {
    decide: (it, at) => nodeDecide(state, it as NodeEvent, at, random).effects,
    due: () => state.deadlines.next(),
  }
  const runs: Run[] = []
  const node = Object.assign(
    stage.party('node', mind, { signer, clockMs, local: options.local ?? true }),
    {
      state,
      runs,
    },
  )
  if (again) node.disk.push(...again.disk)
  options.mint?.openTill(node)
  const others = stage.onWork
  stage.onWork = (party, effect) => {
    if (party !== node) return others(party, effect)
    if (effect.do === 'run') {
      const run: Run = { tag: effect.tag, work: effect.work, paused: false, aborted: false }
      runs.push(run)
      if (words) stage.later(() => play(stage, node, run, words))
      return
    }
    if (effect.do !== 'abort' && effect.do !== 'pause' && effect.do !== 'resume')
      return others(party, effect)
    const run = runs.find((it) => it.tag === effect.tag)
    if (!run) return
    if (effect.do !== 'abort') return void (run.paused = effect.do === 'pause')
    run.aborted = true
    const failed = { type: 'failed', tag: run.tag, trouble: 'cancelled', detail: '' } as const
    stage.later(() => stage.feed(node, failed))
  }
  stage.connect(node, router, (link) => state.pinned.set(link, router.signer.pubkey))
  return node
}

/** One piece of a chat from a runner: `out_token` counts up with every word. */
export const piece = (stage: Stage, node: NodeParty, run: Run, text: string, out: number): void =>
  stage.tell(node, {
    type: 'piece',
    tag: run.tag,
    delta: { text },
    usage: { in_token: 5, out_token: out },
  })

export const done = (stage: Stage, node: NodeParty, run: Run, out: number): void =>
  stage.tell(node, {
    type: 'done',
    tag: run.tag,
    done: {
      finish: 'stop',
      usage: { in_token: 5, out_token: out },
      countedBy: 'runner',
      model: run.work.model,
    },
  })

const play = (stage: Stage, node: NodeParty, run: Run, words: readonly string[]): void => {
  stage.later(() => stage.feed(node, { type: 'started', tag: run.tag }))
  words.forEach((text, i) => stage.later(() => piece(stage, node, run, text, i + 1)))
  stage.later(() => done(stage, node, run, words.length))
}

/** A client's mind, linked to `to`; it believes only the key `pinned`. */
export const addClient = (
  stage: Stage,
  to: Party,
  options: {
    signer?: Signer
    pinned?: PubKey
    bounds?: Partial<Stage['bounds']>
    /** The router's address is on a private network. */
    local?: boolean
    /** Its clock is so far ahead of the stage’s, and what its address is counted by. */
    clockMs?: number
    place?: string
    /** What it pays with. */
    mint?: Mint
  } = {},
): ClientParty => {
  const signer = options.signer ?? stage.newSigner()
  const where = { clockMs: options.clockMs, place: options.place }
  const state = newClientState({
    signer,
    verifier: stage.secp,
    net: 'sim',
    bounds: { ...stage.bounds, ...options.bounds },
    router: options.pinned ?? to.signer.pubkey,
    local: options.local ?? true,
    budget: windowBudget(),
  })
  const mind: Mind = {
    decide: (event, now) => clientDecide(state, event as ClientEvent, now, stage.random).effects,
    due: () => state.deadlines.next(),
  }
  const client = Object.assign(stage.party('client', mind, { signer, ...where }), { state })
  options.mint?.openPurse(client)
  stage.connect(client, to)
  return client
}

/** A key with a link and no mind: it says what the test tells it to. */
export const addPuppet = (
  stage: Stage,
  to: Party,
  signer = stage.newSigner(),
  place?: string,
): Party => {
  const puppet = stage.party('puppet', null, { signer, place })
  stage.connect(puppet, to)
  return puppet
}

/** A client wants something: a chat of one short message, unless the test says otherwise. */
export const wish = (stage: Stage, client: ClientParty, more: Partial<Wish> = {}): JobId => {
  const job = jobId(toHex(stage.random.bytes(32)))
  const it: Wish = {
    task: 'text.chat@1',
    input: { messages: [{ role: 'user', content: 'hello' }] },
    models: [],
    outTokens: 64,
    cap: null,
    deadlineMs: 60_000,
    waitMs: 0,
    class: 'interactive',
    where: ANYWHERE,
    ...more,
  }
  stage.tell(client, { type: 'wish', job, wish: it, dryRun: false })
  return job
}

export const newsOf = (stage: Stage, job: JobId): readonly News[] => stage.news.get(job) ?? []

/** How a job ended. @throws where it did not, or more than once */
export const outcomeOf = (stage: Stage, job: JobId): Outcome => {
  const ended = newsOf(stage, job).filter((it) => it.type === 'ended')
  if (ended.length !== 1) throw new Error(`the job ended ${ended.length} times`)
  return ended[0]!.outcome
}

/** Whether a job is still going on. */
export const isOpen = (stage: Stage, job: JobId): boolean =>
  !newsOf(stage, job).some((it) => it.type === 'ended')
