// Router, node and client as three processes of the compiled binary, which find each other by themselves.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Place, type Ran, type Running, binary, place } from './cli.ts'
import { hasOpenssl, makeCertificate, subjectAt } from '../fakes/certificate.ts'
import { FAKE_WORDS, type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { fakeSystemd, hasDatagrams } from '../fakes/systemd.ts'

let fedai: string
let server: FakeOpenai
const places: Place[] = []
const running: Running[] = []
const WHOLE = FAKE_WORDS.join('')
const DETECT = ['request', '--task', 'text.detect', 'Wer rastet, der rostet.'] as const

beforeAll(async () => {
  fedai = await binary()
  server = fakeOpenai()
}, 120_000)

afterAll(async () => {
  for (const it of running) it.signal('SIGKILL')
  await Promise.all(running.map((it) => it.done))
  await server.stop()
  for (const it of places) {
    expect(await it.sprung()).toBe(false)
    it[Symbol.dispose]()
  }
})

/** A home in which the router takes any free port. */
const home = () => {
  const here = place(fedai)
  places.push(here)
  const start = (args: readonly string[], env: Record<string, string> = {}) => {
    const it = here.start(['serve', ...args], {
      env: { FEDAI_ROUTER_LISTEN: '127.0.0.1:0', ...env },
    })
    running.push(it)
    return it
  }
  return {
    ...here,
    serve: start,
    /** The page of a daemon's socket. */
    page: async (daemon: string, path: string) => {
      const unix = join(here.home, 'run', `${daemon}.sock`)
      const response = await fetch(`http://localhost${path}`, { unix })
      return { status: response.status, text: await response.text() }
    },
    /** A router and a node that sells what the fake server does, ready for jobs. */
    network: async (nodeArgs: readonly string[] = ['--runner', `openai=${server.url}`]) => {
      const router = start(['router'])
      const node = start(['node', ...nodeArgs])
      await Promise.all([router.until(/"node\.joined"/, 'stderr'), node.until(/"ready"/, 'stderr')])
      return { router, node }
    },
  }
}

const eventsOf = ({ stderr }: Pick<Ran, 'stderr'>) =>
  stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** Ports that a process listens on, as the kernel tells it. */
const listening = (pid: number): string[] => {
  const sockets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => {
        const isOpen = state === '0A' || (table.startsWith('udp') && state !== undefined)
        return isOpen && sockets.includes(`socket:[${inode}]`)
      })
      .map(([, local]) => `${table} ${local}`),
  )
}

test('serve alone shows what there is; a slip is named', async () => {
  const here = home()
  const { code, stdout } = await here.run(['serve'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ {2}router [^]*^ {2}node /m)
  const { code: wrong, stderr } = await here.run(['serve', 'ruoter'])
  expect({ wrong, stderr }).toEqual({ wrong: 64, stderr: expect.stringContaining('router') })
})

describe('three processes on one machine', () => {
  test('no address is typed, whoever starts first; the node listens on nothing', async () => {
    const here = home()
    const node = here.serve(['node', '--runner', 'none'])
    await node.until(/"router\.awaited"[^]*"ready"/, 'stderr')
    expect(await here.page('node', '/ready')).toMatchObject({ status: 503 })
    const router = here.serve(['router', '--json'])
    await router.until(/"node\.joined"/, 'stderr')
    const ready = JSON.parse(router.stdout())
    expect(ready).toMatchObject({ v: 1, type: 'ready', role: 'router', pid: router.pid })
    expect(ready.pinned).toBe(`${ready.npub}@${ready.address}`)
    const { code, stdout } = await here.run(DETECT)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^de /) })
    expect(listening(node.pid)).toEqual([])
    expect(listening(router.pid)).toHaveLength(1)

    // Health, for the same user only.
    expect(JSON.parse((await here.page('node', '/ready')).text)).toMatchObject({
      ready: true,
      routers: 1,
    })
    for (const daemon of ['router', 'node']) {
      expect(await here.page(daemon, '/health')).toMatchObject({ status: 200 })
      expect((await here.page(daemon, '/metrics')).text).toContain(
        'fedai_jobs_total{task="text.detect",status="ok"} 1\n',
      )
      expect(statSync(join(here.home, 'run', `${daemon}.sock`)).mode & 0o777).toBe(0o600)
      expect(statSync(join(here.home, 'keys', `${daemon}.key`)).mode & 0o777).toBe(0o600)
    }
    expect(statSync(join(here.home, 'run')).mode & 0o777).toBe(0o700)
    expect((await here.page('router', '/')).status).toBe(404)

    // Eight clients at once share one key.
    expect((await here.run(['init', '--as', 'shared', '--yes'])).code).toBe(0)
    const each = `xargs -P 8 -I {} "$0" request -q --as shared --task text.detect 'Es rastet {}.'`
    const xargs = Bun.spawn(['bash', '-c', each, fedai], {
      stdin: new Blob([Array.from({ length: 16 }, (_, i) => `${i}\n`).join('')]),
      env: { PATH: process.env['PATH'], FEDAI_HOME: here.home },
      cwd: here.folder,
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [out, err] = await Promise.all([
      new Response(xargs.stdout).text(),
      new Response(xargs.stderr).text(),
    ])
    expect({ code: await xargs.exited, err }).toEqual({ code: 0, err: '' })
    expect(out.match(/^de /gm)).toHaveLength(16)

    // TERM ends both in good order, and nothing of them is left in the runtime folder.
    for (const it of [node, router]) it.signal('SIGTERM')
    expect((await node.done).code).toBe(0)
    expect((await router.done).code).toBe(0)
    expect(readdirSync(join(here.home, 'run'))).toEqual([])
    expect(eventsOf(await node.done).at(-1)).toMatchObject({ level: 'info', event: 'ended' })
  }, 30_000)

  test('a router that is killed and started again is found again, with its old key', async () => {
    const here = home()
    const { router, node } = await here.network(['--runner', 'none'])
    const before = eventsOf({ stderr: router.stderr() }).find((it) => it['event'] === 'ready')
    router.signal('SIGKILL')
    await router.done
    expect((await here.run(DETECT)).code).toBe(69)
    const again = here.serve(['router'])
    const started = performance.now()
    await again.until(/"node\.joined"/, 'stderr')
    expect(performance.now() - started).toBeLessThan(10_000)
    const after = eventsOf({ stderr: again.stderr() }).find((it) => it['event'] === 'ready')
    expect(after?.['npub']).toBe(before?.['npub'])
    expect((await here.run(DETECT)).code).toBe(0)
    expect(node.stderr()).toContain('"router.lost"')
  }, 30_000)

  test('one daemon for each identity; the second says who is there', async () => {
    const here = home()
    const first = here.serve(['router'])
    await first.until(/"ready"/, 'stderr')
    const { code, stderr } = await here.serve(['router', '--json']).done
    expect(code).toBe(78)
    const { error } = JSON.parse(stderr)
    expect(error).toMatchObject({ code: 'identity.in_use' })
    expect(error.message).toContain(`process ${first.pid} is the router npub1`)
    // The node of the same home is another key, and an identity that is not there is not made.
    const { code: missing, stderr: said } = await here.serve(['node', '--as', 'nobody']).done
    expect({ missing, said }).toEqual({ missing: 78, said: expect.stringContaining('nobody') })
  })
})

describe('the end of a daemon', () => {
  const slowJob = async (here: ReturnType<typeof home>) => {
    server.misbehave('waits')
    const request = here.start(['request', '-q', 'hello'])
    await request.until(/one two /)
    return request
  }

  test('TERM lets a job of the node end; it takes no other', async () => {
    const here = home()
    const { node } = await here.network()
    const request = await slowJob(here)
    node.signal('SIGTERM')
    await node.until(/"draining"/, 'stderr')
    expect(JSON.parse((await here.page('node', '/ready')).text)).toMatchObject({ ready: false })
    expect((await here.run(['request', '-q', 'another'])).code).not.toBe(0)
    server.misbehave(null)
    server.tell()
    expect(await request.done).toEqual({ code: 0, stdout: WHOLE, stderr: '' })
    const ended = await node.done
    expect(ended.code).toBe(0)
    expect(eventsOf(ended)).toContainEqual(
      expect.objectContaining({ event: 'job.served', status: 'ok' }),
    )
  })

  test('a second TERM skips ahead: what came is charged and said', async () => {
    const here = home()
    const { node } = await here.network()
    const request = await slowJob(here)
    node.signal('SIGTERM')
    await node.until(/"draining"/, 'stderr')
    node.signal('SIGTERM')
    const ended = await node.done
    expect(ended.code).toBe(0)
    expect(eventsOf(ended).map((it) => it['event'])).toContain('drain.cut')
    const { code, stdout } = await request.done
    expect({ code, stdout }).toEqual({ code: 75, stdout: expect.stringContaining('one two ') })
    server.tell()
  })

  test('TERM lets a job of the router end, within --drain', async () => {
    const here = home()
    const { router } = await here.network()
    const request = await slowJob(here)
    router.signal('SIGTERM')
    await router.until(/"draining"/, 'stderr')
    // Nobody finds it any more, and who knows it is told.
    expect((await here.run(DETECT)).code).toBe(69)
    server.misbehave(null)
    server.tell()
    expect(await request.done).toEqual({ code: 0, stdout: WHOLE, stderr: '' })
    expect((await router.done).code).toBe(0)
  })

  test('a drain has an end', async () => {
    const here = home()
    const { router } = await here.network()
    router.signal('SIGTERM')
    expect((await router.done).code).toBe(0)
    const short = here.serve(['router', '--drain', '50ms'])
    await short.until(/"node\.joined"/, 'stderr')
    const request = await slowJob(here)
    short.signal('SIGINT')
    const ended = await short.done
    expect(ended.code).toBe(0)
    expect(eventsOf(ended)).toContainEqual(expect.objectContaining({ event: 'drain.cut', jobs: 1 }))
    request.signal('SIGKILL')
    server.tell()
  }, 20_000)
})

test.skipIf(!hasDatagrams)('systemd hears that it is ready, lives, drains', async () => {
  const here = home()
  const socket = join(here.folder, 'notify')
  const systemd = fakeSystemd(socket)
  const router = here.serve(['router'], { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '200000' })
  const start = await systemd.until(/^READY=1\nSTATUS=--router npub1/)
  expect(start[0]).toMatch(/^EXTEND_TIMEOUT_USEC=\d+$/)
  await systemd.until(/^WATCHDOG=1$/)
  router.signal('SIGTERM')
  expect((await router.done).code).toBe(0)
  await systemd.until(/^STOPPING=1\nSTATUS=draining.*\nEXTEND_TIMEOUT_USEC=35000000$/)
  systemd.close()
})

describe('a door for strangers', () => {
  test.each(['0.0.0.0:0', '1.1.1.1:7447', '[::]:0', 'router.example.com:7447'])(
    'at %s is refused without TLS, with what to do',
    async (listen) => {
      const { code, stderr } = await home().serve(['router', '--listen', listen]).done
      expect(code).toBe(78)
      expect(stderr).toMatch(/would show[^]*--tls-cert[^]*--trusted-proxy[^]*--listen/)
    },
  )

  test('behind a named proxy it may be anywhere', async () => {
    const here = home()
    const router = here.serve(['router', '--listen', '0.0.0.0:0', '--trusted-proxy', '127.0.0.1'])
    await router.until(/"ready"/, 'stderr')
    const { code, stderr } = await here.serve(['router', '--trusted-proxy', 'my-proxy', '-q']).done
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('my-proxy') })
  })

  test.skipIf(!hasOpenssl)(
    'TLS; HUP takes a new certificate and drops no link',
    async () => {
      const here = home()
      const { certFile, keyFile } = makeCertificate(here.folder, 'first')
      const trust = { NODE_EXTRA_CA_CERTS: certFile }
      const files = ['--tls-cert', certFile, '--tls-key', keyFile]
      const router = here.serve(['router', '--json', '--listen', '127.0.0.1:0', ...files])
      await router.until(/"ready"/)
      const { pinned, address } = JSON.parse(router.stdout())
      expect(address).toStartWith('wss://')
      const { port } = new URL(address)
      const node = here.serve(['node', '--runner', 'none', '--router', pinned], trust)
      await router.until(/"node\.joined"/, 'stderr')
      expect((await here.run(DETECT, { env: trust })).code).toBe(0)
      // Whoever does not know who signed the certificate does not go in.
      expect(await here.run(DETECT)).toMatchObject({
        code: 69,
        stderr: expect.stringMatching(/certificate/),
      })
      expect(subjectAt(port)).toContain('first')

      makeCertificate(here.folder, 'second')
      router.signal('SIGHUP')
      await router.until(/"reloaded"/, 'stderr')
      expect(subjectAt(port)).toContain('second')
      expect((await here.run(DETECT, { env: trust })).code).toBe(0)
      expect(node.stderr()).not.toContain('router.lost')

      // One that cannot be used changes nothing.
      here.file('cert.pem', 'no certificate\n')
      router.signal('SIGHUP')
      await router.until(/"reload\.failed".*tls\.certificate/, 'stderr')
      expect(subjectAt(port)).toContain('second')
      const { code, stderr } = await home().serve(['router', ...files.slice(0, 2)]).done
      expect({ code, stderr }).toEqual({ code: 78, stderr: expect.stringContaining('--tls-key') })
    },
    30_000,
  )
})

test('a port that is taken: by whom', async () => {
  const here = home()
  const other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('x') })
  const taken = await here.serve(['router', '--listen', `127.0.0.1:${other.port}`]).done
  await other.stop(true)
  expect(taken).toMatchObject({
    code: 69,
    stderr: expect.stringMatching(/something else listens there\n.*--listen 127\.0\.0\.1:0/),
  })
})
