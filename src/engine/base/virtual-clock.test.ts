import { expect, test } from 'bun:test'
import { virtualClock } from './virtual-clock.ts'

test('calls come by time, then by order, and time stops where it was told to', async () => {
  const clock = virtualClock(1_000)
  const seen: string[] = []
  const note = (name: string) => () => void seen.push(`${name}@${clock.now()}`)
  clock.after(20, note('c'))
  clock.after(10, note('a'))
  clock.after(10, note('b'))
  clock.after(31, note('late'))
  await clock.run(1_030)
  expect(seen).toEqual(['a@1010', 'b@1010', 'c@1020'])
  expect([clock.now(), clock.pending()]).toEqual([1_030, 1] as never)
})

test('promises settle between two calls of the same moment, however long their chain', async () => {
  const clock = virtualClock(0)
  const seen: string[] = []
  clock.after(1, async () => {
    for (let i = 0; i < 50; i++) await Promise.resolve()
    seen.push('first, to its end')
  })
  clock.after(1, () => void seen.push('second'))
  await clock.advance(1)
  expect(seen).toEqual(['first, to its end', 'second'])
})

test('a call that was taken back does not come, not even by a call of the same moment', async () => {
  const clock = virtualClock(0)
  const seen: string[] = []
  clock.after(1, () => takeBack())
  const takeBack = clock.after(1, () => void seen.push('never'))
  await clock.advance(5)
  expect([seen.length, clock.pending()]).toEqual([0, 0])
})

test('idle runs what follows from what ran, and stops at its limit', async () => {
  const clock = virtualClock(0)
  let left = 3
  const again = () => {
    if (--left > 0) clock.after(10, again)
  }
  clock.after(10, again)
  expect(await clock.idle()).toBe(true)
  expect([left, clock.now()]).toEqual([0, 30] as never)
  const forever = () => void clock.after(10, forever)
  forever()
  expect(await clock.idle(100)).toBe(false)
})
