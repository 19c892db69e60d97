/**
 * What tells languages apart: the most frequent short words of each, and letters or endings
 * that the others lack. Written down by hand from general knowledge; no data set is needed.
 */

const profile = (common: string, marks: RegExp) => ({ common: new Set(common.split(' ')), marks })

export const PROFILES = {
  en: profile(
    'the of and to in is it you that he was for on are as with his they at be this have from or had by but not what all were we when your can said there use an each which she do how their if will up about out them then these so some her would make like him into time has look two more go see no way could my than been who its now find did get come may after where most through back much before right too any same tell does set must because does just only know take',
    /(?:tion|ing|ght|wh[aeioy]|th[eaioy])/,
  ),
  de: profile(
    'der die das und in zu den ist nicht von sie mit dem sich ein auf für es im an des auch als wie nach bei eine aus so dass hat wird er noch am einen um einem war werden wir haben nur oder aber vor zur bis mehr durch man sein wurde sei ich über kann wenn ihre seine unter wo was einer keine ihr ihm mich dir schon gegen vom ja heute hier gibt',
    /(?:[äöüß]|sch|ung$|keit$|lich|^ge.+t$|cht)/,
  ),
  fr: profile(
    'le la les de des du et un une en est que qui dans pour pas sur au ce il elle ne se plus par avec tout faire son sa ses mais nous vous ils on lui ou si leur y bien être aux même avoir cette deux comme où dont sans fait était ont été je tu à ça très peut sont cet ces',
    /(?:[çœêèëîïû]|eau|eux$|aient$|ment$|oi[rst]|qu[ei]$)/,
  ),
  es: profile(
    'el la los las de que y en un una es se no por con para su al lo como más pero sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni contra otros ese eso ante ellos esto antes algunos qué unos yo otro del está son ser fue era tiene puede hace',
    /(?:[ñ¿¡]|ción|dad$|ll[aeo]|[aei]ndo$|ue[nr]|mente$)/,
  ),
  it: profile(
    'il lo la i gli le di che e è un una in per non con del della dei delle da al alla si come più ma anche nel nella questo questa sono ha ho essere o se ci dal loro suo sua perché quando molto tutto tutti era fatto dove chi cosa solo così ancora mi ti ne degli sul sulla prima può stato fra senza dopo',
    /(?:zion|gli|[aeio]tt[oaie]$|cch|ggi|zz|[àìòù]$|mente$|sse)/,
  ),
  pt: profile(
    'o a os as de que e do da em um uma para com não por mais dos das como mas foi ao ele ela se no na nos nas são é sua seu ou quando muito já está eu também só pelo pela até isso entre era depois sem mesmo aos ter seus quem me esse eles você essa num nem suas meu às minha têm foram qual será nós lhe há',
    /(?:[ãõ]|ção|ções|lh[aeo]|nh[ao]|[aei]ndo$|dade$|ss)/,
  ),
  nl: profile(
    'de het een en van in is dat op te zijn met voor niet die er aan om ook als dan maar bij nog uit door naar heeft ze hij was worden wordt over hun tot je mijn of kan geen wel zo werd haar wat deze meer al na onder moet zou veel toen dit ik ons wij men zich hebben zal waar kunnen mensen alle',
    /(?:ij|aa|oe|ee[nrlts]|sch|uu|ui|lijk|heid$|oo[rnlp])/,
  ),
  sv: profile(
    'och i att det som en på är av för med den till inte om ett han men var jag sig så från vi kan nu de har hade man sin när över efter under ut upp vid också där eller bara skulle alla kunde mycket blev något hon dem hur vad ska mot andra finns detta varit mellan måste sedan',
    /(?:å|ä[rnt]|ö[rvs]|sk[aeöäy]|igt$|ning|het$|orna$|arna$|tt$)/,
  ),
  pl: profile(
    'i w nie na z do to się że jest o jak po co tak za od przez ale ich dla czy był jego tylko już być może są która który które jej tym ten tego ta te było przed przy będzie tej pod bez także lub aby kiedy gdy nawet bardzo ja mi go mu ma jeszcze więc sobie wszystko jako oraz nas ze by',
    /(?:[ąęłśżźćń]|sz|cz|rz|dz|ów$|ego$|owa|nie$)/,
  ),
  tr: profile(
    've bir bu da de için ile çok daha ne olarak gibi o en var ben sen olan sonra kadar her ama ya mi mı değil diye ki onun olduğu yok kendi şey şu iki biz siz onlar bana sana ise hiç nasıl neden zaman önce bütün göre şimdi büyük yeni veya ancak hem ama üzerine içinde oldu olur eder',
    /(?:[ğış]|l[ae]r$|l[ae]r[ıi]|yor|m[ae]k|d[ıiuü]r|n[ıiuü]n$|ç)/,
  ),
  ru: profile(
    'и в не на я что он с как это по но они мы из у за то все так его от же бы вы к до только о или было если был её для мне меня когда есть она ты уже при ещё чтобы во был были может быть нет со этого их где очень даже этот который после можно ни между более',
    /(?:[ыэёъ]|ться|ого$|ение|ость|ет$|ий$)/,
  ),
  uk: profile(
    'і в не на я що він з як це по але вони ми із у за то все так його від же би ви до тільки про або було якщо був її для мені мене коли є вона ти вже при ще щоб та й та цей який після можна ні між більше дуже навіть їх де бути може також під через',
    /(?:[іїєґ]|ння|ість|ться|ого$)/,
  ),
} as const

export type ProfiledLanguage = keyof typeof PROFILES

/** Alphabets that several languages share: profiles decide. */
export const ALPHABETS: readonly { script: RegExp; langs: readonly ProfiledLanguage[] }[] = [
  {
    script: /\p{Script=Latin}/gu,
    langs: ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'sv', 'pl', 'tr'],
  },
  { script: /\p{Script=Cyrillic}/gu, langs: ['ru', 'uk'] },
]

/** Scripts that give the language away, in the order of the test: Japanese is Han with a share of kana. */
export const SCRIPTS: readonly { lang: string; script: RegExp; least: number }[] = [
  { lang: 'ja', script: /[\p{Script=Hiragana}\p{Script=Katakana}]/gu, least: 0.15 },
  { lang: 'zh', script: /\p{Script=Han}/gu, least: 0.5 },
  { lang: 'ko', script: /\p{Script=Hangul}/gu, least: 0.5 },
  { lang: 'ar', script: /\p{Script=Arabic}/gu, least: 0.5 },
  { lang: 'he', script: /\p{Script=Hebrew}/gu, least: 0.5 },
  { lang: 'el', script: /\p{Script=Greek}/gu, least: 0.5 },
  { lang: 'hi', script: /\p{Script=Devanagari}/gu, least: 0.5 },
  { lang: 'th', script: /\p{Script=Thai}/gu, least: 0.5 },
]
