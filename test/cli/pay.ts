// What the tests of `fedai pay` stand on: somebody to pay in play money, and a phoenixd that is a fake.
import { afterAll, expect } from 'bun:test'
import { join } from 'node:path'
import { systemClock, toSec } from '../../src/engine/base/clock.ts'
import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import { msat } from '../../src/engine/base/money.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { balanceOf } from '../../src/engine/payments/sim/faucet.ts'
import { openSimWallet } from '../../src/engine/payments/sim/wallet.ts'
import { encodeBolt11 } from '../../src/engine/protocol/bolt11/encode.ts'
import { type PaymentHash, paymentHash, preimage } from '../../src/engine/protocol/ids.ts'
import { FakeNode } from '../fakes/lnd-node.ts'
import { FULL, fakePhoenixd } from '../fakes/phoenixd.ts'
import { type Place, type Ran, binary, place } from './cli.ts'

/** The password of the fake, which no output may have in it. */
export const CANARY = FULL

const secp = await openSecp256k1()
/** What the fakes stand on. */
export const seams = { clock: systemClock, random: systemRandom, secp }

/** An account of the play money in a home: it makes invoices, and the test looks at what came. */
export const merchant = async (at: Place, account = 'merchant') => {
  const path = join(at.home, 'state', 'play-money.db')
  const sim = { ...seams, net: 'sim' } as const
  const wallet = await openSimWallet({ path, account }, sim)
  const invoice = async (sat: number, hold?: PaymentHash): Promise<string> => {
    const terms = { msat: msat(BigInt(sat) * 1_000n), terms: account, expirySec: 600 }
    return (await wallet.createInvoice({ ...terms, ...(hold && { hold }) })).bolt11
  }
  return {
    wallet,
    invoice,
    /** An invoice whose payment stays on its way until the test says how it ends. */
    held: async (sat: number) => {
      const secret = systemRandom.bytes(32)
      const hash = paymentHash(toHex(sha256(secret)))
      return {
        bolt11: await invoice(sat, hash),
        settle: () => wallet.hold!.settle(preimage(toHex(secret))),
        cancel: () => wallet.hold!.cancel(hash),
        paid: async () => {
          while ((await wallet.lookup(hash)).state !== 'accepted') await Bun.sleep(10)
        },
      }
    },
    /** What it has, msat. */
    has: () => balanceOf({ path, account }, sim),
  }
}

/** The executable, a home and a shop in its play money, until the tests of a file are over. */
export const openShop = async () => {
  const fedai = await binary()
  const here = place(fedai)
  const shop = await merchant(here)
  afterAll(async () => {
    await shop.wallet.close()
    expect(await here.sprung()).toBe(false)
    here[Symbol.dispose]()
  })
  const pay = (...args: string[]) => here.run(['pay', ...args])
  const json = (...args: string[]) => jsonOf(pay(...args, '--json'))
  return { fedai, here, shop, pay, json }
}

/** An invoice of somebody who is nowhere. */
export const invoiceWithMemo = (description: string): string =>
  encodeBolt11(
    {
      prefix: 'bcrt',
      msat: msat(5_000n),
      timestamp: toSec(systemClock.now()),
      paymentHash: paymentHash('ab'.repeat(32)),
      paymentSecret: 'cd'.repeat(32),
      description,
      descriptionHash: null,
    },
    (hash) => secp.signRecoverable(hash, new Uint8Array(32).fill(7)),
  )

/** A phoenixd on net regtest, before which questions and answers can be held up. */
export const phoenixd = () => {
  const [ours, outside] = [new FakeNode(seams), new FakeNode(seams)]
  ours.peers.push(outside)
  const fake = fakePhoenixd(ours, seams)
  let [question, answer] = [/^$/, /^$/]
  let reached = Promise.withResolvers<void>()
  const stuck = (): Promise<never> => {
    reached.resolve()
    return new Promise(() => {})
  }
  const front = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      const { method, headers } = request
      const body = method === 'POST' ? await request.text() : undefined
      const asked = `${pathname} ${body}`
      if (question.test(asked)) return stuck()
      const said = await fetch(fake.url + pathname, { method, headers, body })
      if (answer.test(asked)) return stuck()
      return new Response(said.body, { status: said.status, headers: said.headers })
    },
  })
  return {
    connection: `phoenixd+http://:${FULL}@127.0.0.1:${front.port}`,
    ours,
    misbehave: fake.misbehave,
    invoice: (sat: number): string =>
      outside.invoice({
        msat: BigInt(sat) * 1_000n,
        descriptionHash: '00'.repeat(32),
        expirySec: 600,
      }).bolt11,
    /** From now on these questions (path and form) never get to it, or its answers to these never back. Resolves once one did not. */
    holdUp: (which: 'question' | 'answer', path: RegExp): Promise<void> => {
      reached = Promise.withResolvers<void>()
      question = which === 'question' ? path : /^$/
      answer = which === 'answer' ? path : /^$/
      return reached.promise
    },
    release: () => {
      question = /^$/
      answer = /^$/
    },
    stop: async () => {
      await front.stop(true)
      await fake.stop()
    },
  }
}

/** What a command printed with `--json`, and its exit code. */
export const jsonOf = async (running: Promise<Ran>) => {
  const { code, stdout, stderr } = await running
  return {
    code,
    said: stdout === '' ? null : JSON.parse(stdout),
    error: stderr === '' ? null : JSON.parse(stderr).error,
  }
}
