import type { Content } from './parcel.ts'
import type { Scene } from './scene.ts'

export type Change = (receipt: Content, it: Scene) => Content

export const other = 'c'.repeat(64)
const commit = (receipt: Content, change: Content): Content => ({
  commit: { ...(receipt.commit as Content), ...change },
})

/** What a node may sign about a job instead of what is so, and what is said against it. */
// An honest receipt here: 5 in_token and 2 out_token in 2 frames, 10 msat.
export const lies: Record<string, [reason: string, Change]> = {
  'a cost of one msat more': ['cost', () => ({ cost: '11' })],
  'a cost of one msat less': ['cost', () => ({ cost: '9' })],
  'a cost over the ceiling': ['cost', (it) => ({ cost: String(Number(it.ceiling) + 1) })],
  'dearer rates than the sheet, and their cost': [
    'cost',
    () => ({
      rates: { in_token: '2000000', cached_token: '250000', out_token: '2500000' },
      cost: '15',
    }),
  ],
  'a minimum that the sheet does not have': ['cost', () => ({ minimum: '50', cost: '50' })],
  'a surcharge for loading a warm model': ['cost', () => ({ surcharge: '5', cost: '15' })],
  'another row': ['cost', () => ({ row: 1 })],
  'another sheet': ['cost', () => ({ sheet: other })],
  'a higher ceiling than the job': ['ceiling', () => ({ ceiling: '100000' })],
  'more tokens than the job allows': [
    'usage',
    () => ({ usage: { in_token: 5, out_token: 65 }, cost: '168' }),
  ],
  'more tokens than the last piece said': [
    'usage',
    () => ({ usage: { in_token: 5, out_token: 3 }, cost: '13' }),
  ],
  'fewer tokens than the last piece said': [
    'usage',
    () => ({ usage: { in_token: 5, out_token: 1 }, cost: '8' }),
  ],
  'a unit that the task has not': [
    'usage',
    () => ({ usage: { in_token: 5, out_token: 2, pixel: 7 } }),
  ],
  'frames that never came': ['undelivered', (it) => commit(it, { frames: 3 })],
  'fewer frames than its usage': ['usage', (it) => commit(it, { frames: 1 })],
  'another output': ['undelivered', (it) => commit(it, { output: other })],
  'another input': ['undelivered', (it) => commit(it, { input: other })],
  'another task': ['undelivered', () => ({ task: 'text.generate@1' })],
  'an end that the last piece did not say': ['undelivered', () => ({ finish: 'length' })],
  'an end that does not go with its status': ['usage', () => ({ finish: 'error' })],
  'times out of order': ['late', () => ({ times: { accepted: 9, first: 8, done: 7 } })],
  'another router': ['usage', () => ({ router: other })],
}
