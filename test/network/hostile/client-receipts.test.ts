import { describe, expect, test } from 'bun:test'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import { newsOf, outcomeOf, piece, wish } from './cast.ts'
import { contentOf, forged, rawFrame, tagged } from './parcel.ts'
import { type Change, lies, other } from './receipt-lies.ts'
import { type Scene, eventsTo, heardBy, held, onWay, scene, unharmed } from './scene.ts'

/** A job whose receipt its node signs otherwise than it should. */
const lied = (change: Change, options: Parameters<typeof scene>[0] = {}) => {
  const it = scene(options)
  onWay(it.stage, it.router, 'receipt', (receipt) =>
    forged(it.node.signer, receipt, change(contentOf(receipt), it)),
  )
  const job = wish(it.stage, it.client)
  it.stage.advance(5_000)
  unharmed(it.stage)
  return { ...it, outcome: outcomeOf(it.stage, job) }
}

describe('a receipt with', () => {
  for (const [what, [reason, change]] of Object.entries(lies))
    test(`${what} is disputed: ${reason}`, () => {
      const { outcome, node, router } = lied(change)
      expect(outcome.verified).toBe(false)
      expect(outcome.fault?.kind).toBe('verification')
      expect(outcome.dispute).toBeTruthy()
      // The output is the client's all the same, and the dispute reaches who must know.
      expect(outcome.output).toMatchObject({ message: { content: 'one two ' } })
      expect(heardBy(router, 'acknowledgement')).toMatchObject([{ verdict: 'dispute', reason }])
      expect(node.disk.some((it) => it.kind === 'acknowledgement')).toBe(false)
    })

  test('nothing wrong is agreed to, once', () => {
    const { outcome, router } = lied(() => ({}))
    expect(outcome.verified).toBe(true)
    expect(heardBy(router, 'acknowledgement')).toMatchObject([{ verdict: 'agree', reason: null }])
  })
})

describe('receipts that are none', () => {
  const meanwhile = (change: (receipt: Signed, it: Scene) => readonly Signed[]) => {
    const it = scene()
    onWay(it.stage, it.client, 'receipt', (receipt) => change(receipt, it))
    const job = wish(it.stage, it.client)
    it.stage.advance(40_000)
    unharmed(it.stage)
    return { ...it, outcome: outcomeOf(it.stage, job) }
  }

  test('by another key, by the router, for another ticket: not heard', () => {
    const { outcome } = meanwhile((receipt, it) => [
      forged(it.stage.newSigner(), receipt, { cost: '0' }),
      forged(it.router.signer, receipt, { cost: '0' }),
      forged(it.node.signer, receipt, { ticket: other }),
      forged(it.node.signer, receipt, { job: other }),
      // It names another client: to us it is for nobody.
      forged(it.node.signer, receipt, {}, tagged(receipt, 'p', other)),
      receipt,
    ])
    expect(outcome).toMatchObject({ verified: true, cost: 10n, fault: null })
  })

  test('a second one changes nothing, and gets no second answer', () => {
    const { outcome, router } = meanwhile((receipt, it) => [
      receipt,
      forged(it.node.signer, receipt, { cost: '11' }),
    ])
    expect(outcome).toMatchObject({ verified: true, cost: 10n })
    expect(heardBy(router, 'acknowledgement')).toHaveLength(1)
  })

  test('none at all: the output is kept, nothing is owed', () => {
    const { outcome } = meanwhile(() => [])
    expect(outcome).toMatchObject({ cost: 0n, receipt: null, verified: null })
    expect(outcome.fault).toMatchObject({ kind: 'again', code: 'receipt.missing' })
    expect(outcome.output).toMatchObject({ message: { content: 'one two ' } })
  })
})

test('a receipt before the end, as if the part were the whole, is disputed', () => {
  const it = scene({ words: null })
  // Signed from what a failure in mid-stream honestly says.
  onWay(it.stage, it.client, 'receipt', (receipt) =>
    forged(it.node.signer, receipt, { status: 'ok', finish: 'stop', reason: null }),
  )
  held(it.stage, it.client, 'output')
  const job = wish(it.stage, it.client)
  const [run] = it.node.runs
  piece(it.stage, it.node, run!, 'one ', 1)
  it.stage.tell(it.node, { type: 'failed', tag: run!.tag, trouble: 'crashed', detail: '' })
  it.stage.advance(20_000)
  const outcome = outcomeOf(it.stage, job)
  expect(outcome.verified).toBe(false)
})

test('frames that came but were never credited are not charged', () => {
  const it = scene({ words: null })
  const receipts = held(it.stage, it.client, 'receipt')
  const job = wish(it.stage, it.client)
  const [run] = it.node.runs
  piece(it.stage, it.node, run!, 'one ', 1)
  expect(newsOf(it.stage, job).at(-1)?.type).toBe('piece')
  // The node signs at once for a frame whose credit is due in a quarter of a second.
  const nodeJob = it.node.state.jobs.get(run!.tag)!
  nodeJob.writer.credited({ next: 1, allowed: 0 })
  const link = [...it.node.links.keys()][0]!
  it.stage.tell(it.node, { type: 'frame', link, frame: rawFrame(resetOf(run!.tag)) })
  expect(contentOf(eventsOf(receipts)[0]!)).toMatchObject({ status: 'partial', cost: '8' })
  it.stage.deliver(receipts[0]!)
  expect(outcomeOf(it.stage, job)).toMatchObject({ verified: false })
  expect(heardBy(it.router, 'acknowledgement')).toMatchObject([{ reason: 'undelivered' }])
})

test('reading is charged only of a client whose cancel says that it had begun', () => {
  for (const cancels of [false, true]) {
    const it = scene({ words: null })
    onWay(it.stage, it.client, 'receipt', (receipt) =>
      forged(it.node.signer, receipt, {
        status: 'client_cancelled',
        finish: 'cancel',
        reason: null,
        usage: { in_token: 1 },
        cost: '1',
      }),
    )
    const job = wish(it.stage, it.client)
    const { tag } = it.node.runs[0]!
    it.stage.tell(it.node, { type: 'started', tag })
    // A runner that has given nothing for this long: its node says that it has begun.
    it.stage.advance(500)
    const link = [...it.node.links.keys()][0]!
    if (cancels) it.stage.tell(it.client, { type: 'cancel', job })
    else it.stage.tell(it.node, { type: 'frame', link, frame: rawFrame(resetOf(tag)) })
    const { verified } = outcomeOf(it.stage, job)
    expect(verified).toBe(cancels)
  }
})

test('without its last piece a job ends by its deadline, for what came', () => {
  const it = scene({ words: null })
  const job = wish(it.stage, it.client, { deadlineMs: 5_000 })
  piece(it.stage, it.node, it.node.runs[0]!, 'one ', 1)
  it.stage.tampers.push(({ from }) => (from === it.node ? [] : undefined))
  it.stage.advance(4_999)
  expect(newsOf(it.stage, job).at(-1)?.type).toBe('piece')
  it.stage.advance(20_000)
  const outcome = outcomeOf(it.stage, job)
  expect(outcome.fault).toMatchObject({ kind: 'again', code: 'job.timeout' })
  expect(outcome.output).toMatchObject({ message: { content: 'one ' } })
  expect(eventsTo(it.router, 'cancel')).toHaveLength(1)
  unharmed(it.stage)
})

const resetOf = (tag: Scene['node']['runs'][0]['tag']) =>
  ({ type: 'reset', last: false, tag, seq: 0, bytes: new Uint8Array() }) as const
const eventsOf = (parcels: ReturnType<typeof held>): Signed[] =>
  parcels.flatMap((it) => (it.kind === 'event' ? [it.event] : []))
