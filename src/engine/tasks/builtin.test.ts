import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { rankDocuments } from './builtin/bm25.ts'
import { chunksOf } from './builtin/chunker.ts'
import { vectorOf } from './builtin/hash-embed.ts'
import { languageOf } from './builtin/language.ts'
import { summaryOf } from './builtin/textrank.ts'
import { sentencesOf, wordsOf } from './builtin/words.ts'
import { BUILT_INS } from './builtin.ts'
import { TASKS } from './catalogue.ts'

const inputs: Record<string, unknown> = {
  'text.summarize@1': { input: 'One two three. Two three four! Five?', sentences: 2 },
  'text.chunk@1': { input: 'a b c d e', size: 2, overlap: 1 },
  'text.rerank@1': { query: 'b', documents: ['a b', 'c'] },
  'text.embed@1': { input: ['one two', 'three'] },
  'text.detect@1': { input: ['the cat is in the house', ''] },
}

describe('every built-in', () => {
  test.each(BUILT_INS.map((it) => [it.model, it] as const))(
    '%s fits its task, twice the same',
    (_, it) => {
      const task = TASKS[it.task]
      const input = task.input.parse(inputs[it.task])
      const pieces = [...it.run(input)]
      expect(pieces.length).toBeGreaterThan(0)
      for (const piece of pieces) expect(task.delta.safeParse(piece.delta).error).toBeUndefined()
      const output = task.join(pieces.map((one) => one.delta))
      expect(task.output.safeParse(output).error).toBeUndefined()
      expect([...it.run(input)]).toEqual(pieces)
      for (const [unit, n] of Object.entries(pieces.at(-1)!.usage)) {
        expect(task.units as readonly string[]).toContain(unit)
        expect(n).toBeLessThanOrEqual(task.sizes(input).bytes)
      }
    },
  )
})

const texts = (text: string) => sentencesOf(text, 100).map((it) => it.text)

describe('words and sentences', () => {
  test('words are lower-case letters and digits; unspaced scripts give pairs', () => {
    expect(wordsOf('Größe, 3.5 cafés!')).toEqual(['größe', '3', '5', 'cafés'])
    expect(wordsOf('東京都庁')).toEqual(['東京', '京都', '都庁'])
  })

  test('sentences end where people end them', () => {
    expect(
      texts('Dr. Who paid 3.5 sat. J. Smith did not! "Why?" she asked… Title\n\nBody 一句。二句！'),
    ).toEqual([
      'Dr. Who paid 3.5 sat.',
      'J. Smith did not!',
      '"Why?"',
      'she asked…',
      'Title',
      'Body 一句。',
      '二句！',
    ])
    expect(texts('x'.repeat(2500)).map((it) => it.length)).toEqual([1000, 1000, 500])
    expect(texts('  \n\n ')).toEqual([])
  })

  test('sentences stand where they say', () =>
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'B. ', '. ', '! ', '\n\n', '。', ' ', 'word', '😀')),
        (parts) => {
          const text = parts.join('')
          let at = 0
          for (const it of sentencesOf(text, 50)) {
            expect(text.slice(it.start, it.end)).toBe(it.text)
            expect(it.start).toBeGreaterThanOrEqual(at)
            at = it.end
          }
        },
      ),
    ))
})

describe('summary', () => {
  const text = `The lighthouse stands on a rock. A keeper lives in the lighthouse. Bananas are yellow.
    The keeper of the lighthouse lights the lamp on the rock each night. Somebody sneezed.`

  test('has the sentences that share most with the others, in their order', () => {
    expect(summaryOf(text, 1)[0]!.text).toContain('keeper of the lighthouse')
    const three = summaryOf(text, 3).map((it) => it.text)
    expect(three).toHaveLength(3)
    expect(three).not.toContain('Bananas are yellow.')
    expect(three.at(-1)).toContain('lamp')
  })

  test('of little is all of it, of nothing is nothing', () => {
    expect(summaryOf('One.', 5).map((it) => it.text)).toEqual(['One.'])
    expect(summaryOf(' ', 3)).toEqual([{ text: '', start: 0, end: 0 }])
  })

  test('of a megabyte takes no second', () => {
    const long = Array.from(
      { length: 12_000 },
      (_, i) =>
        `Sentence ${i} of chapter ${i % 97} has ${i % 13} words about topic${i % 501} and more.`,
    ).join(' ')
    expect(long.length).toBeGreaterThan(700_000)
    const before = performance.now()
    expect(summaryOf(long, 3)).toHaveLength(3)
    expect(performance.now() - before).toBeLessThan(3000)
  })
})

describe('BM25', () => {
  test('likes rare words, short documents, and keeps the order of equals', () => {
    const documents = [
      'the cat sat',
      'the zebra',
      'the cat and the zebra and many other words besides',
      'nothing',
      'nothing',
    ]
    const { results } = rankDocuments({ query: 'the zebra', documents })
    expect(results.map((it) => it.index)).toEqual([1, 2, 0, 3, 4])
    expect(results.at(-1)!.relevance_score).toBe(0)
    expect(rankDocuments({ query: 'zebra', documents, top_n: 2 }).results).toHaveLength(2)
  })

  test('gives the textbook’s score', () => {
    // One of two documents has the word once, both have two words: ln(1 + 1.5/1.5) · 1.
    const { results } = rankDocuments({ query: 'a', documents: ['a b', 'c d'] })
    expect(results[0]).toEqual({ index: 0, relevance_score: Number(Math.LN2.toFixed(6)) })
  })
})

const dot = (a: string, b: string) => {
  const [x, y] = [vectorOf(wordsOf(a)), vectorOf(wordsOf(b))]
  return x.reduce((sum, n, i) => sum + n * y[i]!, 0)
}

describe('hashed vectors', () => {
  test('have 512 numbers and length 1, and are near where words are shared', () => {
    expect(vectorOf(['a', 'b'])).toHaveLength(512)
    expect(dot('the quick fox', 'the quick fox')).toBeCloseTo(1, 3)
    expect(dot('quick brown foxes', 'quick brown fox')).toBeGreaterThan(0.6)
    expect(Math.abs(dot('quick brown fox', 'lorem ipsum dolor'))).toBeLessThan(0.2)
    expect(vectorOf([]).every((x) => x === 0)).toBe(true)
  })
})

describe('chunks', () => {
  test('overlap by what was asked for', () => {
    const { chunks } = chunksOf({ input: ' a bb  c d e ', size: 3, overlap: 1, unit: 'words' })
    expect(chunks.map((it) => it.text)).toEqual(['a bb  c', 'c d e'])
  })

  test('cover every character, within bounds, and never cut a pair', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(4),
        (it, size, overlap) => {
          const input = it.toWellFormed()
          const { chunks } = chunksOf({
            input,
            size,
            overlap: Math.min(overlap, size >> 1),
            unit: 'chars',
          })
          let covered = 0
          for (const one of chunks) {
            expect(one.text).toBe(input.slice(one.start, one.end))
            expect(one.text.isWellFormed()).toBe(true)
            expect(one.start).toBeLessThanOrEqual(covered)
            covered = Math.max(covered, one.end)
          }
          expect(covered).toBe(input.length)
        },
      ),
    ))
})

describe('language', () => {
  test.each([
    ['en', 'The weather was cold and they did not want to go out.'],
    ['de', 'Das Wetter war kalt und sie wollten nicht nach draußen gehen.'],
    ['fr', 'Il faisait froid et ils ne voulaient pas sortir de la maison.'],
    ['es', 'Hacía mucho frío y no querían salir de la casa.'],
    ['it', 'Faceva molto freddo e non volevano uscire di casa.'],
    ['pt', 'Estava muito frio e eles não queriam sair de casa.'],
    ['nl', 'Het was koud en ze wilden niet naar buiten gaan.'],
    ['sv', 'Det var kallt och de ville inte gå ut ur huset.'],
    ['pl', 'Było zimno i nie chcieli wychodzić z domu, ponieważ padał śnieg.'],
    ['tr', 'Hava çok soğuktu ve evden çıkmak istemiyorlardı.'],
    ['ru', 'Было холодно, и они не хотели выходить из дома.'],
    ['uk', 'Було холодно, і вони не хотіли виходити з дому.'],
    ['ja', '外は寒かったので、出かけたくなかった。'],
    ['zh', '天气很冷，他们不想出门。'],
    ['ko', '날씨가 추워서 나가고 싶지 않았다.'],
    ['ar', 'كان الجو باردا ولم يرغبوا في الخروج.'],
    ['he', 'היה קר והם לא רצו לצאת מהבית.'],
    ['el', 'Έκανε κρύο και δεν ήθελαν να βγουν.'],
    ['hi', 'ठंड थी और वे बाहर नहीं जाना चाहते थे।'],
    ['th', 'อากาศหนาวและพวกเขาไม่อยากออกไป'],
    ['und', '12345 !!'],
    ['und', ''],
  ])('%s', (lang, text) => {
    const found = languageOf(text)
    expect(found.lang).toBe(lang)
    expect(found.confidence === 0).toBe(lang === 'und')
    expect(found.confidence).toBeLessThanOrEqual(1)
  })
})
