// The path of a job: time to first piece through router and node beside the same call straight to the
// runner, interleaved, and what a job costs the router in CPU time. Runner, router and node are
// processes of their own; the client is this one. Prints figures and ratios of one run.
//   bun bench/path.ts [JOBS] [libsecp256k1|wasm|noble]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSecp256k1 } from '../src/engine/identity/secp256k1.ts'
import type { PubKey } from '../src/engine/protocol/ids.ts'
import { openClient } from '../src/engine/roles/client/client.ts'
import type { Client, Wish } from '../src/engine/roles/client/news.ts'

const jobs = Number(process.argv[2] ?? 300)
const backend = (process.argv[3] ?? 'libsecp256k1') as 'libsecp256k1' | 'wasm' | 'noble'
const folder = mkdtempSync(join(tmpdir(), 'fedai-path-'))
const children: { kill(): void }[] = []

/** What a party says once it stands: what others need to reach it. */
type Ready = { url: string; key: PubKey; address: string; backend: string }
type Party = { ready: Ready; cpu: () => Promise<number> }

/** A party in a process of its own, and a way to ask how much CPU it has used, in µs. */
const spawn = async (role: string, options: object): Promise<Party> => {
  const first = Promise.withResolvers<Ready>()
  let answer: (cpu: number) => void = () => {}
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'party.ts'), role, JSON.stringify(options)],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      ipc: (message: { ready?: Ready; cpu?: number }) => {
        if (message.ready) first.resolve(message.ready)
        if (message.cpu !== undefined) answer(message.cpu)
      },
      onExit: (_child, code) => first.reject(new Error(`${role} ended with ${code}`)),
    },
  )
  children.push(child)
  const cpu = () => {
    const asked = new Promise<number>((resolve) => (answer = resolve))
    child.send('cpu')
    return asked
  }
  return { ready: await first.promise, cpu }
}

const wish: Wish = {
  task: 'text.chat@1',
  input: { messages: [{ role: 'user', content: 'What is the capital of France?' }] },
  models: [],
  outTokens: 64,
  cap: null,
  deadlineMs: 30_000,
  class: 'interactive',
  where: { allow: [], deny: [] },
}

/** ms until the first piece through fedai; then the job is let end. */
const through = async (client: Client): Promise<number> => {
  const before = performance.now()
  let first = NaN
  for await (const news of client.request(wish)) {
    if (news.type === 'piece' && Number.isNaN(first)) first = performance.now() - before
    if (news.type === 'ended' && news.outcome.fault) throw news.outcome.fault
  }
  return first
}

/** ms until the first content of the same chat, asked of the runner itself. */
const direct = async (url: string): Promise<number> => {
  const before = performance.now()
  const body = JSON.stringify({ model: 'bench-model', stream: true, ...(wish.input as object) })
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })
  let first = NaN
  let text = ''
  for await (const bytes of response.body!) {
    text += new TextDecoder().decode(bytes)
    if (Number.isNaN(first) && text.includes('"content"')) first = performance.now() - before
  }
  return first
}

const at = (numbers: number[], share: number): number =>
  numbers.toSorted((a, b) => a - b)[
    Math.min(numbers.length - 1, Math.floor(numbers.length * share))
  ]!
const ms = (n: number): string => `${n.toFixed(2)} ms`

try {
  const runner = await spawn('runner', {})
  const router = await spawn('router', {
    ledger: join(folder, 'router', 'ledger.db'),
    secp: backend,
  })
  const options = {
    ledger: join(folder, 'node', 'ledger.db'),
    secp: backend,
    runner: runner.ready.url,
    router: router.ready,
  }
  const node = await spawn('node', options)
  const secp = await openSecp256k1(backend)
  const client = await openClient({ router: router.ready, net: 'sim', secp })
  // The node may not have told the router of its tickets yet.
  while (
    await through(client).then(
      () => false,
      () => true,
    )
  )
    await Bun.sleep(20)
  for (let i = 0; i < 100; i++) {
    await through(client)
    await direct(runner.ready.url)
  }
  const before = [await router.cpu(), await node.cpu()]
  const times = { through: [] as number[], direct: [] as number[] }
  for (let i = 0; i < jobs; i++) {
    times.through.push(await through(client))
    times.direct.push(await direct(runner.ready.url))
  }
  const used = [(await router.cpu()) - before[0]!, (await node.cpu()) - before[1]!]
  const added = times.through.map((time, i) => time - times.direct[i]!)
  console.log(
    `${jobs} jobs, one at a time, warm; signatures by ${router.ready.backend} (client: ${secp.backend})`,
  )
  for (const [name, numbers] of Object.entries({ ...times, added }))
    console.log(
      `first piece ${name.padEnd(8)} p50 ${ms(at(numbers, 0.5))}  p90 ${ms(at(numbers, 0.9))}  p99 ${ms(at(numbers, 0.99))}`,
    )
  console.log(
    `ratio of medians, through to direct: ${(at(times.through, 0.5) / at(times.direct, 0.5)).toFixed(2)}`,
  )
  console.log(
    `CPU per job: router ${Math.round(used[0]! / jobs)} µs, node ${Math.round(used[1]! / jobs)} µs`,
  )
  await client.close()
} finally {
  for (const child of children) child.kill()
  rmSync(folder, { recursive: true, force: true })
}
