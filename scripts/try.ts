// npm run try: a whole network in one process, a few real jobs, their receipts.
//   npm run try                       the built-in tasks, and a chat model where one runs
//   npm run try -- "a prompt"         sends the prompt to the chat model
//   npm run try -- --chat             fetches a small real model and a server for it, and talks with it
import { version } from '../package.json'
import { Fault } from '../src/engine/base/fault.ts'
import { outputFault } from '../src/commands/stdout.ts'
import { runUp } from '../src/commands/up/run.ts'
import { conclude } from '../src/commands/terminal.ts'

const TURNS = [
  'What is the capital of France? Answer in one sentence.',
  'And what is that city known for?',
]

/** A real conversation of two turns (or of the given ones) with SmolLM2 on a llama-server of our own. */
const chat = async (turns: readonly string[]): Promise<void> => {
  const { ensureLlamaServer, ensureSmolLM2, startLlamaServer } = await import('./live-runners.ts')
  const binary = needed(await ensureLlamaServer())
  const model = needed(await ensureSmolLM2())
  process.stderr.write('starting llama-server with SmolLM2-135M-Instruct …\n')
  const server = await startLlamaServer({ binary, model, alias: 'smollm2-135m-instruct' })
  try {
    await runUp(turns, { once: true, runner: [`openai=${server.url}`] }, version)
  } finally {
    await server.stop()
  }
}

const needed = (found: string | Readonly<{ missing: string }>): string => {
  if (typeof found === 'string') return found
  throw new Fault(
    'unavailable',
    'try.missing',
    `there is no model to chat with: ${found.missing}`,
    {
      hint: 'start ollama or llama-server instead, then: npm run try',
    },
  )
}

const HELP = `npm run try                      the built-in tasks, and a chat model where one runs
npm run try -- "a prompt"        sends the prompt to the chat model
npm run try -- --chat            fetches a small real model and a server for it, and talks with it
npm run try -- --chat "a prompt"
`

/** What was typed after `npm run try --`. What looks like an option and is none is no prompt. */
const parsed = (argv: readonly string[]) => {
  const end = argv.indexOf('--')
  const options = (end < 0 ? argv : argv.slice(0, end)).filter((it) => it.startsWith('-'))
  const words = argv.filter((it, i) => i !== end && (!it.startsWith('-') || (end >= 0 && i > end)))
  const unknown = options.find((it) => !['--chat', '--help', '-h'].includes(it))
  if (unknown !== undefined)
    throw new Fault('usage', 'try.option', `there is no option ${unknown.slice(0, 40)}`, {
      hint: `see: npm run try -- --help\na prompt that begins so: npm run try -- -- "${unknown.slice(0, 40)} …"`,
    })
  const prompt = words.join(' ')
  return {
    help: options.some((it) => it !== '--chat'),
    wantsChat: options.includes('--chat'),
    turns: prompt === '' ? [] : [prompt],
  }
}

const run = async (): Promise<void> => {
  const { help, wantsChat, turns } = parsed(process.argv.slice(2))
  if (help) return void process.stdout.write(HELP)
  if (wantsChat) await chat(turns.length > 0 ? turns : TURNS)
  else await runUp(turns, { once: true }, version)
  if (!wantsChat && turns.length === 0)
    process.stderr.write(
      '\ntry: npm run try -- --chat    a real small model, about 110 MB to fetch once\n',
    )
  const lost = await outputFault()
  if (lost) throw lost
}

try {
  await run()
} catch (error) {
  process.exitCode = await conclude(error, { json: false })
}
// A socket whose far side is slow to close is not waited for.
setTimeout(() => process.exit(), 250).unref()
