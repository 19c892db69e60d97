// The pages of the wallets: what they tell people to type is typed, and what it prints opens the wallet.
import { afterEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasOpenssl, makeAuthority } from '../../../test/fakes/certificate.ts'
import { fakeCln } from '../../../test/fakes/cln.ts'
import { ADMIN, INVOICE, fakeLnbits } from '../../../test/fakes/lnbits.ts'
import { FakeNode } from '../../../test/fakes/lnd-node.ts'
import { fakeNwc } from '../../../test/fakes/nwc.ts'
import { openFakeRelay } from '../../../test/fakes/relay.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import { parseConnection } from './connection.ts'
import { openPayer } from './open-payer.ts'
import { openWallet } from './open.ts'

// The pages use them; whoever lacks one is told. Without openssl test/fakes/certificate.ts says so.
const [hasCurl, hasJq] = [Bun.which('curl') !== null, Bun.which('jq') !== null]
if (!hasCurl || !hasJq)
  process.stderr.write('!! NOT TRIED: commands of docs/wallets, since there is no curl or no jq\n')

const seams = {
  clock: systemClock,
  random: systemRandom,
  secp: await openSecp256k1(),
  net: 'regtest',
} as const

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const pageOf = (name: string): Promise<string> =>
  Bun.file(`${import.meta.dir}/../../../docs/wallets/${name}.md`).text()

/** The block of shell of a page that has a text in it. */
const blockWith = async (page: string, text: string): Promise<string> => {
  const blocks = [...(await pageOf(page)).matchAll(/^```\n([\s\S]*?)^```/gm)].map(
    ([, block]) => block!,
  )
  return blocks.find((block) => block.includes(text))!
}

/** A home with programs of its own before those of the system. */
const homeWith = (programs: Readonly<Record<string, string>>) => {
  const home = mkdtempSync(join(tmpdir(), 'fedai-page-'))
  ends.push(() => rmSync(home, { recursive: true }))
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(home, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(home, name), 0o755)
  }
  const type = async (script: string): Promise<string> => {
    const env = { HOME: home, PATH: `${home}:${process.env['PATH'] ?? ''}` }
    const ran = Bun.spawn(['bash', '-c', script], { env, stderr: 'pipe' })
    const [out, complaints] = await Promise.all([ran.stdout.text(), ran.stderr.text()])
    expect([await ran.exited, complaints]).toEqual([0, ''])
    return out.trim()
  }
  return { home, type }
}

test('each rune of docs/wallets/cln.md does what it is said to do, and no more', async () => {
  const page = await pageOf('cln')
  const commands = [...page.matchAll(/^lightning-cli createrune restrictions='(.+)'$/gm)]
  const able: object[] = []
  for (const [, restrictions] of commands) {
    const [alternatives] = JSON.parse(restrictions!) as [string[]]
    const cln = fakeCln(seams, { may: alternatives.map((it) => it.replace('method=', '')) })
    ends.push(cln.stop)
    const open = restrictions!.includes('xpay') ? openPayer : openWallet
    const wallet = await open(cln.connection, seams)
    ends.push(() => wallet.close())
    const { caps } = await wallet.info()
    able.push({ spend: caps.spend, hold: caps.hold })
  }
  expect(able).toEqual([
    { spend: false, hold: false },
    { spend: false, hold: true },
    { spend: true, hold: false },
  ])
})

describe('each link of docs/wallets/nwc.md', () => {
  const linked = async (name: string): Promise<string[]> => {
    const links = (await pageOf('nwc')).match(/^https:\/\/HUB\S+$/gm)!.map((it) => new URL(it))
    const link = links.find(({ searchParams }) => searchParams.get('name') === name)!
    return link.searchParams.get('request_methods')!.split(' ')
  }
  const connectionWith = async (methods: string[]) => {
    const relay = await openFakeRelay()
    const nwc = await fakeNwc(seams, { relay: relay.url, methods })
    ends.push(relay.close, nwc.close)
    return { kind: 'nwc', uri: nwc.uri } as const
  }

  test('makes a connection that receives and cannot spend, or that pays', async () => {
    const till = await connectionWith(await linked('fedai-node'))
    const wallet = await openWallet(till, seams)
    ends.unshift(() => wallet.close())
    expect(await wallet.info()).toMatchObject({ kind: 'nwc', caps: { spend: false } })
    await expect(openPayer(till, seams)).rejects.toMatchObject({ code: 'wallet.cannot_pay' })
    const payer = await openPayer(await connectionWith(await linked('fedai')), seams)
    ends.unshift(() => payer.close())
    expect(await payer.info()).toMatchObject({ kind: 'nwc', caps: { spend: true } })
  })

  test('asks for nothing that could be left out', async () => {
    for (const [name, open] of [
      ['fedai-node', openWallet],
      ['fedai', openPayer],
    ] as const) {
      const methods = await linked(name)
      for (const needed of methods.filter((it) => it !== 'get_info')) {
        const without = await connectionWith(methods.filter((it) => it !== needed))
        await expect(open(without, seams)).rejects.toMatchObject({ kind: 'config' })
      }
    }
  })
})

describe.skipIf(!hasOpenssl || !hasJq)('what docs/wallets/cln.md tells to type', () => {
  /** lightning-cli, which prints the rune that it would make; what it was asked lies in a file. */
  const scene = async (block: (text: string) => string = (it) => it) => {
    const { home, type } = homeWith({
      'lightning-cli':
        'printf %s "$1 $2" > "$HOME/asked"\nprintf \'{\\n   "rune": "%s",\\n   "unique_id": "7"\\n}\\n\' "$(cat "$HOME/rune")"',
    })
    const folder = join(home, '.lightning', 'bitcoin')
    mkdirSync(folder, { recursive: true })
    const tls = makeAuthority(folder)
    const may = ['invoice', 'listinvoices', 'waitanyinvoice', 'getinfo']
    const cln = fakeCln(seams, { may, tls })
    ends.push(cln.stop)
    writeFileSync(join(home, 'rune'), cln.connection.rune)
    const text = await type(block(await blockWith('cln', 'echo "clnrest')))
    const asked = readFileSync(join(home, 'asked'), 'utf8')
    const port = new URL(cln.url).port
    return { connection: parseConnection(text.replace(':3010', `:${port}`)), asked, may }
  }

  test('makes a rune that only receives, and a connection that opens the wallet', async () => {
    const { connection, asked, may } = await scene()
    const [command, restrictions] = asked.split(' restrictions=')
    expect(command).toBe('createrune')
    expect(JSON.parse(restrictions!)).toEqual([may.map((it) => `method=${it}`)])
    const wallet = await openWallet(connection, seams)
    ends.push(() => wallet.close())
    expect(await wallet.info()).toMatchObject({ kind: 'cln', caps: { spend: false } })
  })

  test('as the page says, server.pem in the place of ca.pem opens nothing', async () => {
    const { connection } = await scene((it) => it.replace('ca.pem', 'server.pem'))
    await expect(openWallet(connection, seams)).rejects.toMatchObject({
      code: 'wallet.unreachable',
      message: 'cln shows a certificate that is not trusted here',
    })
  })
})

describe.skipIf(!hasCurl || !hasJq)('what docs/wallets/lnbits.md tells to type', () => {
  const HAS = 'a0944a58cfaa4ff3be3864e248ad2a23'

  test('makes a wallet of its own and prints the key that only receives, none of it in argv', async () => {
    const node = new FakeNode(seams)
    const lnbits = fakeLnbits(node, seams)
    const asked: unknown[] = []
    const made = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async (request) => {
        const key = request.headers.get('x-api-key')
        asked.push(`${request.method} ${new URL(request.url).pathname}`, await request.json())
        if (key !== HAS) return Response.json({ detail: 'Invalid adminkey' }, { status: 401 })
        return Response.json({ id: 'x', name: 'fedai', adminkey: ADMIN, inkey: INVOICE })
      },
    })
    ends.push(lnbits.stop, () => made.stop(true))
    // What curl was given as arguments, others can read.
    const curl = `printf '%s ' "$@" > "$HOME/argv"\nexec ${Bun.which('curl')} "$@"`
    const { home, type } = homeWith({ curl })
    const block = (await blockWith('lnbits', 'curl'))
      .replace('https://HOST', `http://127.0.0.1:${made.port}`)
      .replace(/ -rsp '.*' key/, ` -rs key <<< ${HAS}`)
    const text = await type(block)
    expect(asked).toEqual(['POST /api/v1/wallet', { name: 'fedai' }])
    expect(readFileSync(join(home, 'argv'), 'utf8')).not.toContain(HAS)
    const connection = parseConnection(
      text.replace(`:${made.port}`, `:${new URL(lnbits.url).port}`),
    )
    const wallet = await openWallet(connection, seams)
    ends.push(() => wallet.close())
    expect(await wallet.info()).toMatchObject({ kind: 'lnbits', caps: { spend: false } })
  })
})
