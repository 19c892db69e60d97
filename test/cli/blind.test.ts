// Router, node and client as three processes: what is in their memory, their logs and their files.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as nip19 from 'nostr-tools/nip19'
import { type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { type Place, type Ran, binary, place } from './cli.ts'
import { canReadMemory, findInMemory, formsOf } from './memory.ts'

const mark = crypto.randomUUID()
const PROMPT = `prompt-canary-${mark}`
const ANSWER = `answer-canary-${mark}`

let here: Place
let server: FakeOpenai
/** What each process said, in all, by name. */
const said: Record<string, Ran> = {}
/** In which forms a text was found in the memory of a process, by `process text when`. */
const found: Record<string, readonly string[]> = {}

beforeAll(async () => {
  here = place(await binary())
  server = fakeOpenai({ words: [`${ANSWER} `, 'two ', `${ANSWER} `, 'four'] })
  server.misbehave('waits')
  const router = here.start(['serve', 'router', '--listen', '127.0.0.1:0'])
  await router.until(/ready/, 'stderr')
  const node = here.start(['serve', 'node', '--runner', `openai=${server.url}`])
  await node.until(/ready/, 'stderr')
  const look = (when: string): void => {
    if (!canReadMemory) return
    for (const [name, { pid }] of Object.entries({ router, node }))
      for (const [what, text] of Object.entries({ PROMPT, ANSWER, model: 'fake-model' }))
        found[`${name} ${what} ${when}`] = findInMemory(pid, text).map(({ form }) => form)
  }
  const client = here.start(['request'], { stdin: `Say it: ${PROMPT}` })
  await client.until(new RegExp(ANSWER))
  look('during')
  server.tell()
  said['client'] = await client.done
  look('after')
  server.misbehave(null)
  said['client --json'] = await here.run(['request', '--json'], { stdin: PROMPT })
  said['client without a node'] = await here.run(['request', '--model', 'none', PROMPT])
  for (const [name, daemon] of Object.entries({ node, router })) {
    daemon.signal('SIGTERM')
    said[name] = await daemon.done
  }
}, 180_000)

afterAll(async () => {
  await server.stop()
  here[Symbol.dispose]()
})

const holds = (bytes: Uint8Array, text: string): boolean =>
  formsOf(text).some((form) => Buffer.from(bytes).includes(form.bytes))

/** All files below the home of all three, by path. */
const files = (): [string, Uint8Array][] =>
  [...new Bun.Glob('**/*').scanSync({ cwd: here.home, dot: true })].map((path) => [
    path,
    readFileSync(join(here.home, path)),
  ])

describe('a router is blind', () => {
  test('the job was done, and prompt and answer are what was looked for', () => {
    expect(said['client']).toMatchObject({ code: 0, stdout: `${ANSWER} two ${ANSWER} four` })
    expect(JSON.stringify(server.requests)).toContain(PROMPT)
  })

  test.if(canReadMemory)('its memory holds neither, while the answer comes and after it', () => {
    for (const when of ['during', 'after'])
      for (const what of ['PROMPT', 'ANSWER']) expect(found[`router ${what} ${when}`]).toEqual([])
    // The same search finds what a router may know, and both in the node that answers.
    expect(found['router model during']).toContain('UTF-8')
    expect(found['node ANSWER during']).toContain('UTF-8')
    expect(found['node PROMPT during']?.length).toBeGreaterThan(0)
  })

  test('nothing of them is in a file or a log, of the router or of anybody else', () => {
    for (const [path, bytes] of files())
      for (const text of [PROMPT, ANSWER]) expect([path, holds(bytes, text)]).toEqual([path, false])
    for (const name of ['router', 'node', 'client', 'client without a node'])
      for (const text of [PROMPT, ANSWER])
        expect([name, holds(Buffer.from(said[name]!.stderr), text)]).toEqual([name, false])
    for (const name of ['router', 'node'])
      expect(holds(Buffer.from(said[name]!.stdout), mark)).toBe(false)
  })
})

describe('secret keys', () => {
  /** Every stored key: as its file has it, and its 32 bytes as hex. */
  const secrets = (): string[] =>
    files()
      .filter(([path]) => path.endsWith('.key'))
      .flatMap(([, bytes]) => {
        const line = Buffer.from(bytes).toString().trim()
        return [line, Buffer.from(decodeNsec(line)).toString('hex')]
      })

  test('are in their files and nowhere else: no log, no error, no --json, no ledger', () => {
    const all = secrets()
    expect(all.length).toBeGreaterThanOrEqual(4)
    for (const secret of all) {
      for (const [name, { stdout, stderr }] of Object.entries(said))
        expect([name, holds(Buffer.from(stdout + stderr), secret)]).toEqual([name, false])
      for (const [path, bytes] of files())
        if (!path.endsWith('.key')) expect([path, holds(bytes, secret)]).toEqual([path, false])
    }
  })
})

/** The 32 bytes of an nsec (NIP-19), by a bech32 decoder that is not ours. */
const decodeNsec = (line: string): Uint8Array => nip19.decode(line as `nsec1${string}`).data
