import { expect, test } from 'bun:test'
import { audit } from './audit.ts'
import { sceneOf } from './scene.ts'

test('a job is paid as its row and its router allow', () => {
  const timed = (timing: 'free' | 'after', timings?: string[]): string[] =>
    audit(
      Object.values(
        sceneOf({
          offers: timings ? { content: { timings } } : {},
          job: { content: { timing } },
          accepted: { content: { timing } },
        }),
      ),
    )
      .findings.filter((it) => !it.ok)
      .map((it) => it.check)
  expect(timed('free')).toEqual([])
  expect(timed('after')).toEqual(['job.timing'])
  expect(timed('free', ['free', 'after'])).toEqual([])
  expect(timed('free', ['before', 'stream'])).toEqual(['job.timing'])
})
