import { describe, expect, test } from 'bun:test'
import { msat } from '../base/money.ts'
import { canSpend } from './cln/rune.ts'
import { CAN_PAY } from './open-payer.ts'
import { RECEIVE_ONLY, spendingFault } from './spending-credential.ts'
import { WALLET_KINDS, type WalletInfo, type WalletKind } from './wallet.ts'

const info = (kind: WalletKind, spend: boolean | null): WalletInfo => ({
  kind,
  net: kind === 'sim' ? 'sim' : 'mainnet',
  nodeKey: null,
  caps: {
    hold: false,
    bind: 'hash',
    granularity: msat(1n),
    push: false,
    spend,
    preimage: 'always',
    custodial: false,
  },
})

const REAL = WALLET_KINDS.filter((kind) => kind !== 'sim')

describe('a payee’s wallet', () => {
  test.each(REAL)('of kind %s that only receives is taken', (kind) =>
    expect(spendingFault(info(kind, false), false)).toBeNull(),
  )

  test.each(REAL)('of kind %s that can spend, or may, is refused, and says what to do', (kind) => {
    for (const spend of [true, null]) {
      const fault = spendingFault(info(kind, spend), false)
      expect(fault).toMatchObject({ kind: 'refused', code: 'wallet.can_spend' })
      expect(fault?.hint).toBe(RECEIVE_ONLY[kind])
      expect(fault?.message).toContain(kind)
      expect(fault?.message.includes('may be')).toBe(spend === null)
    }
  })

  test.each(REAL)('of kind %s that can spend is taken where its operator said so', (kind) => {
    expect(spendingFault(info(kind, true), true)).toBeNull()
    expect(spendingFault(info(kind, null), true)).toBeNull()
  })

  test('of play money is taken: there is nothing to lose', () =>
    expect(spendingFault(info('sim', true), false)).toBeNull())
})

test('the pages of the wallets name the same commands', async () => {
  let named = 0
  for (const kind of REAL) {
    const page = await Bun.file(`${import.meta.dir}/../../../docs/wallets/${kind}.md`).text()
    for (const hint of [RECEIVE_ONLY[kind], CAN_PAY[kind]]) {
      const command = /: ((lncli|lightning-cli|grep) .+)$/.exec(hint)?.[1]
      if (command === undefined) continue
      expect(page).toContain(command)
      named++
    }
  }
  expect(named).toBe(6)
})

test.each([
  [RECEIVE_ONLY.cln, false],
  [CAN_PAY.cln, true],
])('and the rune of "%s" can spend: %s', (hint, spend) => {
  const [alternatives] = JSON.parse(/restrictions='(.+)'/.exec(hint)![1]!) as [string[]]
  const text = Buffer.from(`=7&${alternatives.join('|')}`)
  const rune = Buffer.concat([Buffer.alloc(32), text]).toString('base64url')
  expect(canSpend(rune)).toBe(spend)
})
