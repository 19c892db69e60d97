import { bm25 } from './builtin/bm25.ts'
import { chunker } from './builtin/chunker.ts'
import { hashEmbed } from './builtin/hash-embed.ts'
import { language } from './builtin/language.ts'
import { textrank } from './builtin/textrank.ts'
import type { BuiltIn } from './task.ts'

/** What fedai does itself, without a runner. */
export const BUILT_INS: readonly BuiltIn[] = [chunker, textrank, bm25, hashEmbed, language]
