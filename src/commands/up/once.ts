import { systemClock } from '../../engine/base/clock.ts'
import { Fault } from '../../engine/base/fault.ts'
import { systemRandom } from '../../engine/base/random.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import { newSigner } from '../../engine/identity/signer.ts'
import { openSimPayer } from '../../engine/payments/sim/payer.ts'
import { openClient } from '../../engine/roles/client/client.ts'
import type { Client, Outcome, Wish } from '../../engine/roles/client/news.ts'
import { openPurse } from '../../engine/roles/client/purse.ts'
import type { Up, UpOptions } from '../../engine/roles/up.ts'
import { memoryStore } from '../../engine/storage/memory.ts'
import { TASKS } from '../../engine/tasks/catalogue.ts'
import type { RerankOutput } from '../../engine/tasks/rerank.ts'
import type { Task } from '../../engine/tasks/task.ts'
import { showBytes } from '../figures.ts'
import { fundPlayAccount } from '../pay/play.ts'
import type { Interrupt } from '../interrupt.ts'
import { jsonPrinter, textPrinter } from '../request/print.ts'
import sample from '../samples/how-fedai-works.txt' with { type: 'text' }
import type { Terminal } from '../terminal.ts'
import { ANYWHERE } from '../../engine/protocol/where.ts'

export type Play = NonNullable<UpOptions['play']>

/** What `up --once` sends, and where it shows it. */
export type OnceOptions = Readonly<{
  terminal: Terminal
  stop: Interrupt
  /** What is said to a chat model, turn by turn; none: the built-in tasks on a text of ours. */
  turns: readonly string[]
  chat: boolean
  /** The ledger in which the node is paid. */
  play: Play
}>

const QUESTION = 'How is the content of a job kept from the router?'
const GREETING = 'Say hello, and say in one sentence what you are.'
const DEADLINE_MS = 120_000
const OUT_TOKENS = 200

/** Sends a few real jobs through a network that is up, as any client would, and shows each receipt. */
export const sendJobs = async (up: Up, options: OnceOptions): Promise<void> => {
  const money = await openPlayPurse(options.play)
  const client = await openClient({ router: up.router, net: 'sim', money })
  try {
    if (options.turns.length > 0) await converse(client, options.turns, options)
    else await showTasks(client, options)
  } catch (error) {
    // Nobody reads any more, or stdout is full: the jobs were stopped for that, and bin says why.
    if (options.stop.asked() || !options.stop.signal.aborted) throw error
  } finally {
    await client.close()
    await money.purse.close()
  }
}

/** An account of play money with what somebody has who tries fedai out. */
const openPlayPurse = async ({ path, ledgers }: Play) => {
  const secp = await openSecp256k1()
  const seams = { clock: systemClock, random: systemRandom, secp, net: 'sim' } as const
  const account = { kind: 'sim', path, account: 'client' } as const
  const sim = { ...seams, ...(ledgers && { ledgers }) }
  const payer = await openSimPayer(account, sim)
  await fundPlayAccount(account, sim)
  const signer = newSigner(secp, systemRandom)
  const broken = (fault: Fault): void => {
    throw fault
  }
  // The ledger ends with this process: no other wallet ever writes into it.
  const wallet = 'sim-once'
  const purse = openPurse({ ...seams, store: memoryStore().money, payer, wallet, signer, broken })
  return { purse, caps: { budget: null, exposure: null } }
}

const showTasks = async (client: Client, options: OnceOptions): Promise<void> => {
  const { terminal } = options
  const about = `a text of ${showBytes(Buffer.byteLength(sample))} that comes with fedai`
  terminal.say(`\ntext.summarize · ${about}`)
  await send(client, TASKS['text.summarize@1'], { input: sample, sentences: 3 }, options)

  const paragraphs = sample.trim().split(/\n\n+/)
  terminal.say(`\ntext.rerank · which of its ${paragraphs.length} paragraphs answers “${QUESTION}”`)
  await send(client, ranked(paragraphs), { query: QUESTION, documents: paragraphs }, options)

  if (options.chat) return converse(client, [GREETING], options)
  terminal.say('\ntext.chat · no model here: start ollama or llama-server, or')
  terminal.say('  fedai up --once --runner openai=http://127.0.0.1:8080')
}

type Message = { role: 'user' | 'assistant'; content: string }

const converse = async (
  client: Client,
  turns: readonly string[],
  options: OnceOptions,
): Promise<void> => {
  const task = TASKS['text.chat@1']
  const messages: Message[] = []
  for (const turn of turns) {
    messages.push({ role: 'user', content: turn })
    options.terminal.say(`\ntext.chat · ${turn}`)
    const input = task.input.parse({ messages, max_tokens: OUT_TOKENS })
    const { output } = await send(client, task, input, options)
    messages.push({ role: 'assistant', content: task.show(output) })
  }
}

const send = async (
  client: Client,
  task: Task,
  input: unknown,
  { terminal, stop }: OnceOptions,
): Promise<Outcome> => {
  const printer = terminal.json
    ? jsonPrinter(terminal, false)
    : textPrinter(terminal, task, performance.now(), { several: true })
  for await (const news of client.request(wishFor(task, input), stop.signal)) {
    if (news.type !== 'ended') {
      await printer.news(news)
      continue
    }
    const { outcome } = news
    await printer.end(outcome)
    if (outcome.fault) throw outcome.fault
    if (outcome.verified === false)
      throw new Fault(
        'verification',
        'receipt.disputed',
        `the receipt of ${task.name} does not hold`,
      )
    return outcome
  }
  throw new Fault('bug', 'request.no_end', 'the job ended without an outcome')
}

const wishFor = (task: Task, input: unknown): Wish => ({
  task: task.name,
  input,
  models: [],
  outTokens: task.sizes(input).out_tokens,
  cap: null,
  deadlineMs: DEADLINE_MS,
  waitMs: 10_000,
  class: 'interactive',
  where: ANYWHERE,
})

/** text.rerank, shown as the beginnings of the best paragraphs instead of their numbers. */
const ranked = (paragraphs: readonly string[]): Task => {
  const task = TASKS['text.rerank@1']
  return {
    ...task,
    show: (output) =>
      (output as RerankOutput).results
        .slice(0, 3)
        .map((it) => `${it.relevance_score.toFixed(2)}  ${paragraphs[it.index]!.slice(0, 68)} …`)
        .join('\n'),
  }
}
