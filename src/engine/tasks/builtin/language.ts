import { detect, type DetectInput, type DetectOutput } from '../detect.ts'
import { textsOf } from '../embed.ts'
import { slicesOf } from '../slices.ts'
import type { BuiltIn } from '../task.ts'
import { ALPHABETS, PROFILES, SCRIPTS } from './languages.ts'

/** Most UTF-16 units that are looked at: the language of a book shows on its first pages. */
const SAMPLE_CHARS = 20_000

/** Language by script, then by the words and letters that are frequent in it. */
export const language: BuiltIn = {
  task: 'text.detect@1',
  model: 'fedai-detect',
  *run(input) {
    const it = input as DetectInput
    const results = textsOf(it.input).map(languageOf)
    yield* slicesOf({ results }, { byte: detect.sizes(it).bytes })
  },
}

/** The likeliest language of one text. */
export const languageOf = (text: string): DetectOutput['results'][number] => {
  const sample = text.slice(0, SAMPLE_CHARS).toLowerCase().normalize('NFC')
  const letters = sample.match(/\p{L}/gu)?.length ?? 0
  if (letters === 0) return { lang: 'und', confidence: 0 }
  for (const { lang, script, least } of SCRIPTS) {
    const share = (sample.match(script)?.length ?? 0) / letters
    if (share >= least) return { lang, confidence: round(Math.min(1, 0.5 + share / 2)) }
  }
  return byProfile(sample, letters)
}

const byProfile = (sample: string, letters: number): DetectOutput['results'][number] => {
  const alphabet = ALPHABETS.find(({ script }) => (sample.match(script)?.length ?? 0) * 2 > letters)
  if (!alphabet) return { lang: 'und', confidence: 0 }
  const words = sample.match(/\p{L}+/gu) ?? []
  const scores = alphabet.langs
    .map((lang) => ({ lang, score: scoreOf(lang, words) }))
    .toSorted((a, b) => b.score - a.score)
  const [best, second] = scores
  if (!best || best.score === 0) return { lang: 'und', confidence: 0 }
  // How far ahead of the second, and how much of the text spoke at all.
  const lead = (best.score - (second?.score ?? 0)) / best.score
  const said = Math.min(1, (best.score * 3) / words.length)
  return { lang: best.lang, confidence: round(lead * (0.5 + said / 2)) }
}

const scoreOf = (lang: keyof typeof PROFILES, words: readonly string[]): number => {
  const { common, marks } = PROFILES[lang]
  let score = 0
  for (const word of words) {
    if (common.has(word)) score += 1
    if (marks.test(word)) score += 0.6
  }
  return score
}

const round = (n: number): number => Math.round(n * 1000) / 1000
