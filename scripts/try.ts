// npm run try: a whole network in one process, a few real jobs, their receipts.
//   npm run try                       the built-in tasks, and a chat model where one runs
//   npm run try -- "a prompt"         sends the prompt to the chat model
//   npm run try -- --chat             fetches a small real model and a server for it, and talks with it
import { version } from '../package.json'
import { Fault } from '../src/engine/base/fault.ts'
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

const words = process.argv.slice(2)
const wantsChat = words[0] === '--chat'
const prompt = words.slice(wantsChat ? 1 : 0).join(' ')
const turns = prompt === '' ? [] : [prompt]
try {
  if (wantsChat) await chat(turns.length > 0 ? turns : TURNS)
  else await runUp(turns, { once: true }, version)
  if (!wantsChat && turns.length === 0)
    process.stderr.write(
      '\ntry: npm run try -- --chat    a real small model, about 110 MB to fetch once\n',
    )
} catch (error) {
  process.exitCode = await conclude(error, { json: false })
}
// A socket whose far side is slow to close is not waited for.
setTimeout(() => process.exit(), 250).unref()
