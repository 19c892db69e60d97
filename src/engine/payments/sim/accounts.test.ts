// Whose play money it is: nets, accounts, keys, and where it comes from.
import { afterEach, expect, test } from 'bun:test'
import { msat } from '../../base/money.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import { payeeOf } from '../../protocol/bolt11/payee.ts'
import { NETS } from '../../protocol/event.ts'
import { sats } from '../specimen.conformance.ts'
import { balanceOf, faucet } from './faucet.ts'
import { openSimPayer } from './payer.ts'
import { type Scene, codeOf, create, newScene, payerOf, walletOf } from './scene.conformance.ts'
import { SUPPLY } from './schema.ts'
import { openSimWallet } from './wallet.ts'

const scenes: Scene[] = []
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.stop()
})
const newMemory = async (): Promise<Scene> => {
  const scene = await newScene('memory')
  scenes.push(scene)
  return scene
}
test.each(NETS.filter((net) => net !== 'sim'))('nothing of it opens on %s', async (net) => {
  const scene = await newMemory()
  const [of, seams] = [
    { path: scene.path, account: 'a' },
    { ...scene.here, net },
  ]
  for (const open of [openSimWallet, openSimPayer, balanceOf])
    expect(await codeOf(open(of, seams))).toBe('wallet.net')
  expect(await codeOf(faucet(of, sats(1), seams))).toBe('wallet.net')
})

test('an account has a Lightning key of its own, which signs its invoices and stays the same', async () => {
  const [scene, other] = [await newMemory(), await newMemory()]
  const { nodeKey } = await (await walletOf(scene)).info()
  for (let i = 0; i < 3; i++) {
    const { bolt11 } = await create(await walletOf(scene))
    expect(bolt11.startsWith('lnbcrt')).toBe(true)
    const invoice = decodeBolt11(bolt11)
    if (typeof invoice === 'string') throw new Error(invoice)
    expect(payeeOf(invoice, scene.here.secp)).toBe(nodeKey)
  }
  expect((await (await payerOf(scene, 'payee')).info()).nodeKey).toBe(nodeKey)
  expect((await (await walletOf(scene, 'payee2')).info()).nodeKey).not.toBe(nodeKey)
  expect((await (await walletOf(other)).info()).nodeKey).not.toBe(nodeKey)
})

test('the faucet gives no more than there is, and nothing of it is lost', async () => {
  const scene = await newMemory()
  expect(await codeOf(scene.give('a', msat(SUPPLY + 1n)))).toBe('wallet.supply')
  expect(await scene.give('a', msat(SUPPLY - 1n))).toBe(msat(SUPPLY - 1n))
  expect(await codeOf(scene.give('b', msat(2n)))).toBe('wallet.supply')
  expect(await scene.give('b', msat(1n))).toBe(msat(1n))
})

test.each(['', '@mint', '@held', 'A', 'a b', 'ä', '../a', 'a'.repeat(65)])(
  'no account is called %j',
  async (account) => {
    const scene = await newMemory()
    expect(await codeOf(walletOf(scene, account))).toBe('wallet.account')
    expect(await codeOf(scene.give(account, sats(1)))).toBe('wallet.account')
  },
)
