// The same chat through fedai (router and node), a thin Bun proxy and nginx, and straight from the
// runner, in turns of one run: requests a second that a core of what stands between would carry, and
// what it adds to the first piece at 200 requests a second. nginx only where it is installed.
//   bun bench/compare.ts [SECONDS A TURN]
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openClient } from '../src/engine/roles/client/client.ts'
import type { Client } from '../src/engine/roles/client/news.ts'
import { WISH, at, newFolder, spawnParty, stopParties } from './parties.ts'

const [RATE, ROUNDS, AT_ONCE] = [200, 3, 16]
const seconds = Number(process.argv[2] ?? 3)

/** One way to the runner: ms to the first piece of a chat (NaN where it fails), and the processes in between. */
type Way = Readonly<{ name: string; ask: (i: number) => Promise<number>; pids: readonly number[] }>

const overHttp = async (url: string): Promise<number> => {
  const since = performance.now()
  const body = JSON.stringify({ model: 'bench-model', stream: true, ...(WISH.input as object) })
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })
  let first = NaN
  let text = ''
  const decoder = new TextDecoder()
  for await (const bytes of response.body!) {
    text += decoder.decode(bytes, { stream: true })
    if (Number.isNaN(first) && text.includes('"content"')) first = performance.now() - since
  }
  return first
}

const overFedai = async (client: Client): Promise<number> => {
  const since = performance.now()
  let first = NaN
  for await (const news of client.request(WISH)) {
    if (news.type === 'piece' && Number.isNaN(first)) first = performance.now() - since
    if (news.type === 'ended' && news.outcome.fault) first = NaN
  }
  return first
}

const fedai = async (runner: string, folder: string): Promise<Way[]> => {
  const router = await spawnParty('router', { ledger: join(folder, 'router', 'ledger.db') })
  const ledger = join(folder, 'node', 'ledger.db')
  const given = { router: router.ready, runner, slots: 64, queue: 2, ledger }
  const node = await spawnParty('node', given)
  const clients = await Promise.all(
    Array.from({ length: 4 }, () => openClient({ router: router.ready, net: 'sim' })),
  )
  await Bun.sleep(1_500)
  const ask = (i: number) => overFedai(clients[i % clients.length]!)
  return [{ name: 'fedai', ask, pids: [router.pid, node.pid] }]
}

const nginx = async (runner: string, folder: string): Promise<Way[]> => {
  const program = Bun.which('nginx', { PATH: `${process.env['PATH']}:/usr/sbin` })
  if (!program) {
    process.stderr.write('!! NOT TRIED: nginx is not installed\n')
    return []
  }
  mkdirSync(folder, { recursive: true })
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = probe
  probe.stop(true)
  const conf = join(folder, 'nginx.conf')
  const kept = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(
    conf,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  ${kept.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  upstream runner { server ${new URL(runner).host}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://runner; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}`,
  )
  const child = Bun.spawn([program, '-c', conf, '-e', join(folder, 'error.log')])
  ended.push(() => child.kill())
  await Bun.sleep(500)
  const workers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
  const ask = () => overHttp(`http://127.0.0.1:${port}`)
  return [{ name: 'nginx', ask, pids: workers.split(' ').map(Number) }]
}

const ended: (() => void)[] = []

/** CPU time of some processes so far, in seconds (proc(5): user and system, in ticks of 10 ms). */
const cpu = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) / 100
  }, 0)

/** `RATE` requests a second, whether the ones before are answered or not: ms to each first piece. */
const paced = async ({ ask }: Way): Promise<number[]> => {
  const asked: Promise<number>[] = []
  const since = performance.now()
  for (let i = 0; i < RATE * seconds; i++) {
    const wait = since + (i * 1000) / RATE - performance.now()
    if (wait > 1) await Bun.sleep(wait)
    asked.push(ask(i))
  }
  return Promise.all(asked)
}

/** As many as go, some at once: requests for each second of CPU time in between. */
const flatOut = async ({ ask, pids }: Way): Promise<number> => {
  const [until, before] = [performance.now() + seconds * 1000, cpu(pids)]
  let done = 0
  const one = async (i: number): Promise<void> => {
    while (performance.now() < until) if (!Number.isNaN(await ask(i))) done++
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => one(i)))
  return done / (cpu(pids) - before)
}

try {
  const folder = newFolder()
  const { url } = (await spawnParty('runner', {})).ready
  const proxy = await spawnParty('proxy', { runner: url })
  const straight: Way = { name: 'straight', ask: () => overHttp(url), pids: [] }
  const ways = [
    ...(await fedai(url, join(folder, 'fedai'))),
    { name: 'Bun proxy', ask: () => overHttp(proxy.ready.url), pids: [proxy.pid] },
    ...(await nginx(url, join(folder, 'nginx'))),
  ]
  const firsts = new Map<string, number[]>()
  const rates = new Map<string, number[]>()
  for (const way of [straight, ...ways]) for (let i = 0; i < 50; i++) await way.ask(i)
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of [straight, ...ways])
      firsts.set(way.name, [...(firsts.get(way.name) ?? []), ...(await paced(way))])
    for (const way of ways)
      rates.set(way.name, [...(rates.get(way.name) ?? []), await flatOut(way)])
  }
  const served = (name: string): number[] => firsts.get(name)!.filter((it) => !Number.isNaN(it))
  const of = (name: string, share: number): number => at(served(name), share)
  const added = (name: string, share: number): string =>
    (of(name, share) - of('straight', share)).toFixed(2).padStart(8)
  process.stdout.write(
    `${RATE} requests/s, ms added to the first piece; straight p50 ${of('straight', 0.5).toFixed(2)}, p99 ${of('straight', 0.99).toFixed(2)}\n` +
      `                  p50       p99   requests/s per core   failed\n`,
  )
  for (const { name } of ways)
    process.stdout.write(
      `${name.padEnd(12)} ${added(name, 0.5)}  ${added(name, 0.99)}   ${at(rates.get(name)!, 0.5).toFixed(0).padStart(8)}   ${(firsts.get(name)!.length - served(name).length).toFixed(0).padStart(18)}\n`,
    )
} finally {
  stopParties()
  for (const end of ended) end()
}
// Clients of fedai would dial on.
process.exit(0)
