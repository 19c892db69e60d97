// kill -9 of real processes at the numbered points of test/network/crash-money.test.ts: client, node and router, each
// before and after each of its deeds, over real sockets and disks, in `before` and in `stream`.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '../../src/engine/base/bytes.ts'
import { systemClock } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { signerOf } from '../../src/engine/identity/signer.ts'
import { balanceOf, faucet } from '../../src/engine/payments/sim/faucet.ts'
import { openStore } from '../../src/engine/storage/sqlite.ts'
import { DEAR } from '../fixtures/mortal-runner.ts'
import type { Orders } from '../fixtures/mortal.ts'
import type { Crash, Deed } from '../network/life.ts'
import { checkMoney } from '../network/money-books.ts'
import { sweepOf, thinned } from '../network/thinned.ts'
import { linesOf } from '../../src/engine/runners/lines.ts'

const AMOUNT = 1_000_000n
const secp = await openSecp256k1()
const seams = { clock: systemClock, random: systemRandom, secp, net: 'sim' } as const
const program = join(import.meta.dir, '../fixtures/mortal.ts')

const WISHES = {
  before: { outTokens: 64 },
  stream: {
    timings: ['stream'],
    outTokens: 90_000,
    input: { messages: [{ role: 'user', content: DEAR }] },
  },
} as const satisfies Record<string, Orders['wish']>

type Role = Orders['role']
type Said = Readonly<{ code: string; deeds: readonly Deed[] }>
type Played = Readonly<{ first: string; next: string; deeds: ReadonlyMap<Role, readonly Deed[]> }>

/** A job, of which one party is killed at a point and started again; then one more. All books are held together. */
const play = async (
  wish: Orders['wish'],
  crash?: Readonly<{ role: Role; at: Crash }>,
): Promise<Played> => {
  const folder = mkdtempSync(join(tmpdir(), 'fedai-killed-'))
  const ledger = join(folder, 'play-money.db')
  const secrets = {
    client: systemRandom.bytes(32),
    node: systemRandom.bytes(32),
    router: systemRandom.bytes(32),
  }
  const router = {
    key: signerOf(secrets.router, secp, systemRandom).pubkey,
    address: `ws://127.0.0.1:${freePort()}`,
  }
  await faucet({ path: ledger, account: 'client' }, msat(AMOUNT), seams)
  const start = (role: Role, at: Crash | null) => {
    const orders: Orders = {
      role,
      ledger,
      wish,
      home: join(folder, role),
      secret: toHex(secrets[role]),
      router,
      crash: at,
    }
    const argv = [process.execPath, program, JSON.stringify(orders)]
    return Bun.spawn(argv, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  }
  const crashOf = (role: Role) => (crash?.role === role ? crash.at : null)
  const market = { tickets: 0 }
  const sold = async () => {
    for (let n = 0; n < 400 && market.tickets === 0; n++) await Bun.sleep(10)
  }
  const unsold = async () => {
    for (let n = 0; n < 400 && market.tickets > 0; n++) await Bun.sleep(10)
  }
  const buy = async (at: Crash | null): Promise<Said> => {
    const it = start('client', at)
    const text = await new Response(it.stdout).text()
    await it.exited
    return text ? (JSON.parse(text) as Said) : { code: String(it.signalCode), deeds: [] }
  }
  let isOver = false
  // Daemons that are killed are started again, by whoever looks after them.
  let node = start('node', crashOf('node'))
  void node.exited.then(() => {
    if (crashOf('node') && !isOver) node = start('node', null)
  })
  let routed: readonly Deed[] = []
  const listen = async (it: ReturnType<typeof start>): Promise<void> => {
    for await (const line of linesOf(it.stdout)) {
      const said = JSON.parse(line) as Partial<Said> & { tickets?: number }
      market.tickets = said.tickets ?? market.tickets
      routed = said.deeds ?? routed
    }
    market.tickets = 0
    if (!isOver) await listen((door = start('router', null)))
  }
  let door = start('router', crashOf('router'))
  const listening = listen(door)
  try {
    await sold()
    const first = await buy(crashOf('client'))
    await sold()
    const next = await buy(null)
    isOver = true
    node.kill('SIGTERM')
    // Killed as it ends, it says nothing.
    const last = (await new Response(node.stdout).text()) || '{"deeds":[]}'
    // At its next start a node gives up what jobs of before hold of a tab; it has begun once it sells again.
    await unsold()
    const again = start('node', null)
    await sold()
    again.kill('SIGTERM')
    await again.exited
    door.kill('SIGTERM')
    await listening
    await checkBooks(folder, ledger, secrets)
    const deeds = new Map([
      ['client', first.deeds],
      ['node', (JSON.parse(last) as Said).deeds],
      ['router', routed],
    ] as const)
    return { first: first.code, next: next.code, deeds }
  } finally {
    isOver = true
    node.kill('SIGKILL')
    door.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A port that nobody listens on. */
const freePort = (): number => {
  const taken = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  const { port } = taken
  taken.stop(true)
  return port
}

const checkBooks = async (
  folder: string,
  path: string,
  secrets: Readonly<Record<'client' | 'node', Uint8Array>>,
): Promise<void> => {
  const [client, node] = await Promise.all(
    (['client', 'node'] as const).map(async (name) => ({
      name,
      signer: signerOf(secrets[name], secp, systemRandom),
      store: await openStore(join(folder, name, 'ledger.db')),
    })),
  )
  const clock = { ...systemClock, advance: async () => {} }
  const balance = (account: string) => balanceOf({ path, account }, seams)
  const bank = { amount: AMOUNT, balance }
  await checkMoney({ bank, clock, nodes: [node!], clients: [client!] }, false)
  const served = node!.store.newest(100).flatMap(({ kind, text }) => {
    const receipt = JSON.parse(JSON.parse(text).content) as { job: string; status: string }
    return kind === 'receipt' && receipt.status === 'ok' ? [receipt.job] : []
  })
  expect(new Set(served).size, 'a job that was served twice').toBe(served.length)
  for (const { store } of [client!, node!]) await store.close()
}

/** Who died with a job hears nothing of it; the job that its node or router died with may end in any way; the others are served. */
const checkEnds = (role: Role, first: string, next: string): void => {
  // A client that died may have left its tab reserved for up to two minutes, and is told so.
  if (role === 'client') expect(['ok', 'tab.reserved']).toContain(next)
  else expect([first, next]).toContain('ok')
}

const AT_ONCE = 3
/** .ci/run visits more of them. */
const EVERY = Number(process.env['FEDAI_TEST_KILLED_EVERY'] ?? 29)
let killed = 0

for (const [timing, wish] of Object.entries(WISHES))
  test(`${timing}: client, node and router, killed at each of their deeds`, async () => {
    const calm = await play(wish)
    expect([calm.first, calm.next]).toEqual(['ok', 'ok'])
    const points = [...calm.deeds].flatMap(([role, deeds]) =>
      deeds.flatMap((deed, i) =>
        (['before', 'after'] as const).map((side) => ({ role, deed, at: { at: i + 1, side } })),
      ),
    )
    expect(points.length).toBeGreaterThan(60)
    process.stderr.write(`killed, ${timing}: ${sweepOf(points.length, EVERY)}\n`)
    const rest = [...thinned(points, EVERY)]
    const failed: string[] = []
    const worker = async () => {
      for (let point = rest.shift(); point; point = rest.shift()) {
        const { role, deed, at } = point
        try {
          const { first, next } = await play(wish, point)
          killed += first === 'SIGKILL' || role !== 'client' ? 1 : 0
          checkEnds(role, first, next)
        } catch (error) {
          failed.push(`${role} ${at.side} ${deed} ${at.at}: ${String(error).slice(0, 300)}`)
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    expect(failed).toEqual([])
  }, 1_800_000)

afterAll(() => expect(killed).toBeGreaterThan(5))
