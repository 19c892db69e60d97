// What is said where two networks, or the play money of two homes, meet.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { npub } from '../../src/engine/identity/keys.ts'
import { FAKE_WORDS, type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { type Place, type Running, binary, place } from './cli.ts'

let here: Place
let server: FakeOpenai
let up: Running
let router: string
beforeAll(async () => {
  here = place(await binary())
  server = fakeOpenai()
  up = here.start(['up', '--port', '0', '--json', '--runner', `openai=${server.url}`])
  await up.until(/"address"/)
  const said = JSON.parse(up.stdout().split('\n')[0]!).router
  router = `${said.npub ?? npub(said.key)}@${said.address}`
}, 120_000)
afterAll(async () => {
  up.signal('SIGINT')
  await up.done
  await server.stop()
  here[Symbol.dispose]()
})

test('a router of play money is not called no router by who asks on mainnet', async () => {
  const asked = await here.run(['request', 'hello', '--net', 'mainnet', '--router', router])
  expect(asked).toMatchObject({ code: 69, stdout: '' })
  expect(asked.stderr).toMatch(
    /the router at this address is of sim \(play money\), not of mainnet\n.*--router\n.*--net sim\n/,
  )
})

test('the play money of another home pays nobody here, and that is why', async () => {
  using other = place(await binary())
  const asked = await other.run(['request', 'hello', '--router', router])
  expect(asked).toMatchObject({ code: 78, stdout: '' })
  expect(asked.stderr).toMatch(/its play money is of another home than yours\n.*FEDAI_HOME/)
  const own = await here.run(['request', 'hello', '--router', router])
  expect(own).toMatchObject({ code: 0, stdout: FAKE_WORDS.join('') })
})

test('a node that is told to work for nothing says that it leaves its wallet alone', async () => {
  const file = here.file('wallet.txt', 'sim:/nowhere?account=x')
  const args = ['serve', 'node', '--runner', `openai=${server.url}`, '--router', router]
  const logOf = async (...more: string[]) => {
    const node = here.start([...args, '--wallet', 'none', ...more])
    await node.until(/"ready"/, 'stderr')
    node.signal('SIGKILL')
    return (await node.done).stderr
  }
  expect(await logOf()).not.toContain('wallet.unused')
  const line = (await logOf('--wallet-file', file)).split('\n').find((it) => it.includes('unused'))
  expect(JSON.parse(line!)).toMatchObject({ level: 'warn', event: 'wallet.unused', file })
})
