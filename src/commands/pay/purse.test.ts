import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../engine/base/clock.ts'
import { msat } from '../../engine/base/money.ts'
import { seededRandom } from '../../engine/base/random.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import { openSimPayer } from '../../engine/payments/sim/payer.ts'
import { openSimWallet } from '../../engine/payments/sim/wallet.ts'
import { readSettings } from '../settings.ts'
import { PLAY_FUNDS, fundPlayAccount, playAccount } from './play.ts'
import { openUserPurse, openUserWallet } from './purse.ts'

let home = ''
const before = process.env['FEDAI_HOME']
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fedai-purse-'))
  process.env['FEDAI_HOME'] = home
})
afterEach(() => {
  if (before === undefined) delete process.env['FEDAI_HOME']
  else process.env['FEDAI_HOME'] = before
  rmSync(home, { recursive: true })
})

test('on play money there is always something to pay with, elsewhere only what is connected', async () => {
  const user = await openUserPurse({ settings: await readSettings() })
  expect(user).toMatchObject({
    kind: 'sim',
    isPlay: true,
    net: 'sim',
    caps: { maxPrice: null, budget: 1_000_000n, exposure: 200_000n },
  })
  expect(await user!.balance()).toBe(PLAY_FUNDS)
  await user!.close()
  expect(await openUserPurse({ settings: await readSettings({ net: 'mainnet' }) })).toBeNull()
})

test('the account belongs to the identity, and names its key to nobody', async () => {
  const open = async () => {
    const wallet = await openUserWallet({ settings: await readSettings() })
    await wallet!.payer.close()
    return wallet!
  }
  const [first, again] = [await open(), await open()]
  expect(again.account).toBe(first.account)
  expect(first.account).toMatch(/^payer-[0-9a-f]{16}$/)
  expect(first.account).not.toContain(first.signer.pubkey.slice(0, 16))
})

test('the faucet fills what has fallen below a tenth, and nothing else', async () => {
  const secp = await openSecp256k1()
  const seams = { clock: systemClock, random: seededRandom(3), secp, net: 'sim' } as const
  const account = playAccount('mira')
  expect(await fundPlayAccount(account, seams)).toBe(PLAY_FUNDS)
  const shop = await openSimWallet(playAccount('shop'), seams)
  const payer = await openSimPayer(account, seams)
  const spend = async (amount: bigint) => {
    const wish = { msat: msat(amount), terms: 'x', expirySec: 60 }
    const { bolt11 } = await shop.createInvoice(wish)
    await payer.pay(bolt11, { maxFee: msat(0n), timeoutMs: 1_000 })
  }
  const tenth = PLAY_FUNDS / 10n
  await spend(PLAY_FUNDS - tenth)
  expect(await fundPlayAccount(account, seams)).toBe(msat(tenth))
  await spend(1_000n)
  expect(await fundPlayAccount(account, seams)).toBe(PLAY_FUNDS)
  await payer.close()
  await shop.close()
  await expect(fundPlayAccount(account, { ...seams, net: 'mainnet' })).rejects.toMatchObject({
    code: 'wallet.net',
  })
})
