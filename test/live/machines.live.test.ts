// Two machines: two network namespaces with a cable between them, which is pulled in mid-stream.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { type Place, type Running, binary, place } from '../cli/cli.ts'
import { loudly } from './llama.ts'

setDefaultTimeout(120_000)

const FAR = { name: `fedai-far-${process.pid}`, address: '10.213.77.1' }
const NEAR = { name: `fedai-near-${process.pid}`, address: '10.213.77.2' }
const WORDS = ['one ', 'two ', ...Array.from({ length: 200 }, (_, i) => `word${i} `), 'end']

const ip = async (...args: string[]): Promise<void> => {
  const child = Bun.spawn(['ip', ...args], { stdout: 'ignore', stderr: 'pipe' })
  if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text())
}

const within = ({ name }: { name: string }): string[] => ['ip', 'netns', 'exec', name]

const lay = async (): Promise<void> => {
  await ip('netns', 'add', FAR.name)
  await ip('netns', 'add', NEAR.name)
  const peer = ['peer', 'name', 'wire', 'netns', NEAR.name]
  await ip('-n', FAR.name, 'link', 'add', 'wire', 'type', 'veth', ...peer)
  for (const { name, address } of [FAR, NEAR]) {
    await ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'wire')
    for (const device of ['lo', 'wire']) await ip('-n', name, 'link', 'set', device, 'up')
  }
}

const cable = (how: 'up' | 'down'): Promise<void> => ip('-n', FAR.name, 'link', 'set', 'wire', how)

const tear = async (): Promise<void> => {
  for (const { name } of [FAR, NEAR]) await ip('netns', 'del', name).catch(() => {})
}

const why = await lay().then(
  () => undefined,
  async (error: Error) => {
    await tear()
    return error.message.trim()
  },
)
if (why !== undefined) loudly('two machines (network namespaces)', why)

describe.if(why === undefined)('two machines', () => {
  let there: Place
  let here: Place
  let router: Running
  let node: Running
  let runner: Bun.Subprocess<'ignore', 'pipe', 'inherit'>
  let pinned: string

  beforeAll(async () => {
    const fedai = await binary()
    there = place(fedai)
    here = place(fedai)
    const listen = `${FAR.address}:7447`
    router = there.start(['serve', 'router', '--listen', listen, '--json'], { via: within(FAR) })
    await router.until(/npub.*\n/)
    const { npub } = JSON.parse(router.stdout().split('\n')[0]!) as { npub: string }
    pinned = `${npub}@ws://${listen}`
    runner = Bun.spawn(
      [...within(NEAR), process.execPath, fixture('waiting-runner.ts'), ...WORDS],
      { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
    )
    const { value } = await runner.stdout.getReader().read()
    const url = new TextDecoder().decode(value).trim()
    node = here.start(['serve', 'node', '--router', pinned, '--runner', `openai=${url}`], {
      via: within(NEAR),
    })
    await node.until(/router\.joined|joined/, 'stderr')
  })

  afterAll(async () => {
    for (const daemon of [node, router]) {
      daemon?.signal('SIGTERM')
      await daemon?.done
    }
    runner?.kill()
    await tear()
    there?.[Symbol.dispose]()
    here?.[Symbol.dispose]()
  })

  const request = (...args: string[]): Running =>
    here.start(['request', '--router', pinned, ...args], { via: within(NEAR) })

  test('a job crosses from one to the other', async () => {
    const { code, stdout, stderr } = await request(
      '--task',
      'text.detect',
      'Wer rastet, der rostet.',
    ).done
    expect({ code, said: stdout.slice(0, 2), stderr }).toMatchObject({ code: 0, said: 'de' })
  })

  test('the node’s machine has no port open but its runner’s', async () => {
    const child = Bun.spawn([...within(NEAR), 'cat', '/proc/net/tcp', '/proc/net/tcp6'])
    const lines = (await new Response(child.stdout).text()).split('\n')
    // State 0A is LISTEN.
    expect(lines.filter((line) => / 0A /.test(line))).toHaveLength(1)
  })

  test('the cable is pulled in mid-stream for three seconds: nothing is lost, nothing comes twice', async () => {
    const client = request('Count.')
    await client.until(/two/)
    await cable('down')
    runner.kill('SIGUSR1')
    await Bun.sleep(3_000)
    expect(client.stdout()).toBe('one two ')
    await cable('up')
    const { code, stdout } = await client.done
    expect({ code, stdout }).toEqual({ code: 0, stdout: WORDS.join('') })
  })
})

const fixture = (name: string): string => join(import.meta.dir, '..', 'fixtures', name)
