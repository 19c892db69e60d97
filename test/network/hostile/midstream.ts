import { encodeCredit } from '../../../src/engine/protocol/frames.ts'
import type { Frame } from '../../../src/engine/protocol/frames.ts'
import { piece, wish } from './cast.ts'
import { type Content, rawFrame } from './parcel.ts'
import { held, scene } from './scene.ts'

/** A job in mid-stream: `pieces` words came, and no credit of the client's reaches the node. */
export const midstream = (pieces: number, options: Parameters<typeof scene>[0] = {}) => {
  const it = scene({ words: null, ...options })
  const credits = held(it.stage, it.node, 'outputCredit')
  const job = wish(it.stage, it.client)
  const run = it.node.runs[0]!
  for (let n = 1; n <= pieces; n++) {
    piece(it.stage, it.node, run, `word${n} `, n)
    it.stage.advance(1)
  }
  return { ...it, job, run, credits, at: it.node.state.jobs.get(run.tag)! }
}

/** A credit as its key would give it. */
export const credit = (
  it: Pick<Mid, 'stage' | 'node' | 'run' | 'at'>,
  next: number,
  allowed = 1e9,
  key = it.at.secrets.credit,
): void => {
  const { tag } = it.run
  const bytes = encodeCredit(key, tag, 'outputCredit', { next, allowed })
  const frame: Frame = { type: 'outputCredit', last: false, tag, seq: next, bytes }
  it.stage.tell(it.node, { type: 'frame', link: it.at.link, frame: rawFrame(frame) })
}
export type Mid = ReturnType<typeof midstream>

/** The receipt that the node signs when its link stays lost: by what it holds to be credited. */
export const charged = (it: Mid): Content => {
  it.stage.cut(it.node, [...it.node.links.keys()][0]!)
  it.stage.advance(it.stage.bounds.awayMs)
  return JSON.parse(JSON.parse(it.node.disk.at(-1)!.text).content)
}
