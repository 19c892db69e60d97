import {
  type Credit,
  FRAME_HEADER_BYTES,
  type RawFrame,
  readCredit,
  sizeOf,
} from '../../protocol/frames.ts'
import type { LinkId } from '../wire.ts'
import { endJob, resetPlacing } from './ending.ts'
import { allow, measure } from './meter.ts'
import { onNodeLost } from './moves.ts'
import type { Placing } from './placing.ts'
import { type JobRecord, type Turn, stray } from './state.ts'
import { strayFrame } from './stray.ts'

/**
 * Frames pass through blind: the router looks at type, tag and size, counts bytes against the credits
 * that it reads and cannot make, and sends the same bytes on.
 */
export const onFrame = (turn: Turn, link: LinkId, frame: RawFrame): void => {
  const found = turn.state.byTag.get(frame.tag)
  const job = found && turn.state.jobs.get(found.job)
  if (!found || !job) return strayFrame(turn, link, frame)
  const { placing } = found
  if (link === job.clientLink) {
    if (frame.type === 'input') inputFrom(turn, job, placing, frame)
    else if (frame.type === 'outputCredit' && placing) creditFrom(turn, placing, frame)
  } else if (placing && link === placing.link) fromNode(turn, job, placing, frame)
  else strayFrame(turn, link, frame)
}

const creditFrom = (turn: Turn, placing: Placing, frame: RawFrame): void => {
  const credit = creditIn(frame)
  if (!credit) return
  allow(placing.output, credit, turn.state.bounds)
  turn.effects.push({ do: 'frame', link: placing.link, bytes: frame.whole })
}

const inputFrom = (turn: Turn, job: JobRecord, placing: Placing | null, frame: RawFrame): void => {
  if (job.phase === 'over') return strayFrame(turn, job.clientLink, frame)
  const bytes = frame.whole
  const seen = placing ? measure(placing.input, frame.seq, sizeOf(frame)) : 'new'
  if (seen === 'dropped') return
  // A small body waits here until `accepted`, so that a move costs the client no second sending.
  if (seen !== 'again' && (placing === null || placing.acceptedAt === null)) {
    job.bodyBytes += sizeOf(frame)
    stray(turn, job.clientLink, sizeOf(frame))
    if (job.bodyBytes > turn.state.bounds.inlineBodyBytes) return overWindow(turn, job, placing)
    job.body.push(bytes)
  }
  if (placing === null || placing.closed) return
  if (seen === 'over') return overWindow(turn, job, placing)
  turn.effects.push({ do: 'frame', link: placing.link, bytes })
}

const fromNode = (turn: Turn, job: JobRecord, placing: Placing, frame: RawFrame): void => {
  const bytes = frame.whole
  if (frame.type === 'inputCredit') {
    const credit = creditIn(frame)
    if (!credit) return
    allow(placing.input, credit, turn.state.bounds)
    turn.effects.push({ do: 'frame', link: job.clientLink, bytes })
    return
  }
  if (frame.type === 'money') return moneyFrom(turn, job, placing, frame)
  if (frame.type === 'reset') return onNodeLost(turn, job, placing)
  // A placing that was moved away from has no say.
  if (frame.type !== 'output' || placing !== job.placings.at(-1)) return
  // Late is honest, as far as it was allowed. While the job moves its client gets nothing of the node that it leaves.
  const isLate = job.phase === 'over' || job.phase === 'moving'
  if (isLate || placing.acceptedAt === null) {
    if (measure(placing.output, frame.seq, sizeOf(frame)) === 'over')
      strayFrame(turn, placing.link, frame)
    return
  }
  // After the end nothing follows, but what came before it may be needed again.
  if (placing.lastSeen && frame.seq >= placing.output.next)
    return strayFrame(turn, placing.link, frame)
  const seen = measure(placing.output, frame.seq, sizeOf(frame))
  if (seen === 'dropped') return
  if (seen === 'over') return overWindow(turn, job, placing)
  placing.firstAt ??= turn.now
  placing.lastSeen ||= frame.last
  turn.effects.push({ do: 'frame', link: job.clientLink, bytes })
}

/** What a node says of money in a job, also after its receipt: a few small frames, under no window. */
const moneyFrom = (turn: Turn, job: JobRecord, placing: Placing, frame: RawFrame): void => {
  const isSmall = sizeOf(frame) <= MOST_MONEY_BYTES && placing.moneyFrames < MOST_MONEY_FRAMES
  if (!isSmall || placing.acceptedAt === null) return strayFrame(turn, placing.link, frame)
  placing.moneyFrames++
  turn.effects.push({ do: 'frame', link: job.clientLink, bytes: frame.whole })
}

const MOST_MONEY_BYTES = 4_096
const MOST_MONEY_FRAMES = 4

const creditIn = ({ whole }: RawFrame): Credit | undefined => readCredit(whole, FRAME_HEADER_BYTES)

const overWindow = (turn: Turn, job: JobRecord, placing: Placing | null): void => {
  if (placing) {
    resetPlacing(turn, placing.link, placing, 'over_window')
    resetPlacing(turn, job.clientLink, placing, 'over_window')
  }
  endJob(turn, job)
}
