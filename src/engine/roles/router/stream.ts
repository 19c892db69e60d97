import { type Frame, encodeFrame, readCredit } from '../../protocol/frames.ts'
import type { LinkId } from '../wire.ts'
import { endJob, resetPlacing } from './ending.ts'
import { onNodeLost } from './moves.ts'
import type { JobRecord, Placing, Turn } from './state.ts'

/**
 * Frames pass through blind: the router looks at type, tag and size, counts bytes against the credits
 * that it reads and cannot make, and sends the same bytes on.
 */
export const onFrame = (turn: Turn, link: LinkId, frame: Frame): void => {
  const found = turn.state.byTag.get(frame.tag)
  const job = found && turn.state.jobs.get(found.job)
  if (!found || !job) return
  const { placing } = found
  if (link === job.clientLink) {
    if (frame.type === 'input') inputFrom(turn, job, placing, frame)
    else if (frame.type === 'outputCredit' && placing) creditFrom(turn, placing, frame)
  } else if (placing && link === placing.link) fromNode(turn, job, placing, frame)
}

const creditFrom = (turn: Turn, placing: Placing, frame: Frame): void => {
  const credit = readCredit(frame.bytes)
  if (!credit) return
  placing.outAllowed = Math.max(placing.outAllowed, credit.allowed)
  turn.effects.push({ do: 'frame', link: placing.link, bytes: encodeFrame(frame) })
}

const inputFrom = (turn: Turn, job: JobRecord, placing: Placing | null, frame: Frame): void => {
  if (job.phase === 'over') return
  const bytes = encodeFrame(frame)
  // A small body waits here until `accepted`, so that a move costs the client no second sending.
  if (placing === null || placing.acceptedAt === null) {
    job.bodyBytes += frame.bytes.length
    if (job.bodyBytes > turn.state.bounds.inlineBodyBytes) return overWindow(turn, job, placing)
    job.body.push(bytes)
  }
  if (placing === null || placing.closed) return
  placing.inBytes += frame.bytes.length
  if (placing.inBytes > placing.inAllowed) return overWindow(turn, job, placing)
  turn.effects.push({ do: 'frame', link: placing.link, bytes })
}

const fromNode = (turn: Turn, job: JobRecord, placing: Placing, frame: Frame): void => {
  const bytes = encodeFrame(frame)
  if (frame.type === 'inputCredit') {
    const credit = readCredit(frame.bytes)
    if (!credit) return
    placing.inAllowed = Math.max(placing.inAllowed, credit.allowed)
    turn.effects.push({ do: 'frame', link: job.clientLink, bytes })
    return
  }
  if (frame.type === 'reset') return onNodeLost(turn, job, placing)
  // After the end nothing follows, and a placing that was moved away from has no say.
  if (frame.type !== 'output' || placing.lastSeen || placing !== job.placings.at(-1)) return
  if (job.phase === 'over' || placing.acceptedAt === null) return
  placing.outBytes += frame.bytes.length
  if (placing.outBytes > placing.outAllowed) return overWindow(turn, job, placing)
  placing.firstAt ??= turn.now
  placing.lastSeen = frame.last
  turn.effects.push({ do: 'frame', link: job.clientLink, bytes })
}

const overWindow = (turn: Turn, job: JobRecord, placing: Placing | null): void => {
  if (placing) {
    resetPlacing(turn, placing.link, placing, 'over_window')
    resetPlacing(turn, job.clientLink, placing, 'over_window')
  }
  endJob(turn, job)
}
