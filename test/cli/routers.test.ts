// One client, several routers: the next known one is asked when one is down or has no offer.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { npub } from '../../src/engine/identity/keys.ts'
import type { PubKey } from '../../src/engine/protocol/ids.ts'
import { FAKE_WORDS, type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { type Place, type Running, binary, place } from './cli.ts'

const STRANGER = npub('1'.padStart(64, '0') as PubKey)
const WHOLE = FAKE_WORDS.join('')

let here: Place
let server: FakeOpenai
/** `fedai up` with a chat model, and one without. */
let ups: Running[]
let full: string
let bare: string

beforeAll(async () => {
  here = place(await binary())
  server = fakeOpenai()
  const chat = ['--runner', `openai=${server.url}`]
  const said: string[] = []
  ups = []
  for (const args of [chat, ['--runner', 'none']]) {
    const up = here.start(['up', '--port', '0', '--json', ...args])
    await up.until(/"address"/)
    ups.push(up)
    const { router } = JSON.parse(up.stdout().split('\n')[0]!)
    said.push(`${router.npub ?? npub(router.key)}@${router.address}`)
  }
  ;[full, bare] = said as [string, string]
}, 120_000)

afterAll(async () => {
  for (const up of ups) up.signal('SIGINT')
  for (const up of ups) await up.done
  await server.stop()
  here[Symbol.dispose]()
})

const via = (routers: string[], ...args: string[]) =>
  here.run(['request', 'hello', ...routers.flatMap((it) => ['--router', it]), ...args])
const down = `${STRANGER}@ws://127.0.0.1:1`

test('one that is down is passed over, and said', async () => {
  const { code, stdout, stderr } = await via([down, full])
  expect({ code, stdout }).toEqual({ code: 0, stdout: WHOLE })
  expect(stderr).toMatch(/^passed over npub1.* at ws:\/\/127.0.0.1:1: no router answers/m)
  expect(stderr).toMatch(/receipt checked/)
})

test('one without an offer is passed over; the order is that of the flags', async () => {
  const { code, stdout, stderr } = await via([bare, full])
  expect({ code, stdout }).toEqual({ code: 0, stdout: WHOLE })
  expect(stderr).toMatch(/^passed over npub1.*: nobody offers text.chat/m)
  expect((await via([full, bare])).stderr).not.toContain('passed over')
})

test('another key than the pinned one is refused loudly, and the next is asked', async () => {
  const address = full.split('@')[1]!
  const { code, stdout, stderr } = await via([`${STRANGER}@${address}`, full])
  expect({ code, stdout }).toEqual({ code: 0, stdout: WHOLE })
  expect(stderr).toMatch(/^passed over npub1.*: the router at this address has another key/m)
})

test('none can: each with its reason', async () => {
  const { code, stdout, stderr } = await via([down, bare])
  expect({ code, stdout }).toEqual({ code: 69, stdout: '' })
  expect(stderr).toMatch(/error: none of 2 routers can take this job/)
  expect(stderr).toMatch(/ {2}npub1.* at ws:\/\/127.0.0.1:1: no router answers/)
  expect(stderr).toMatch(/ {2}npub1.*: nobody offers text.chat/)
})

test('--json: events in the result, and with --stream as they happen', async () => {
  const event = { v: 1, type: 'skipped', address: 'ws://127.0.0.1:1' }
  const whole = JSON.parse((await via([down, full], '--json')).stdout)
  expect(whole).toMatchObject({ type: 'result', error: null, events: [event] })
  expect(whole.events[0].error.code).toBe('router.unreachable')
  const lines = (await via([down, full], '--json', '--stream')).stdout.trim().split('\n')
  expect(JSON.parse(lines[0]!)).toMatchObject(event)
  const { stdout, stderr } = await via([bare, full], '--json', '--dry-run')
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toMatchObject({ type: 'offers', events: [{ type: 'skipped' }] })
})

test('--dry-run says whose offers they are', async () => {
  const { stdout, stderr } = await via([down, full], '--dry-run')
  expect(stdout).toMatch(/^\d offers? of npub1\w\w…\w{3}, best first; nothing was sent/)
  expect(stderr).toMatch(/^passed over/m)
})

test('without --router those of this machine are asked, the newest first, or those of the settings', async () => {
  const { code, stderr } = await here.run(['request', 'hello'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/^passed over npub1.*: nobody offers text.chat/m)
  const env = { FEDAI_ROUTERS: `${down},${full}` }
  const named = await here.run(['request', 'hello'], { env })
  expect(named).toMatchObject({ code: 0, stdout: WHOLE })
  expect(named.stderr).toMatch(/^passed over npub1.* at ws:\/\/127.0.0.1:1/m)
})
