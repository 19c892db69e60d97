import { expect, test } from 'bun:test'
import { msat } from '../../engine/base/money.ts'
import type { Payer } from '../../engine/payments/payer.ts'
import { WALLET_KINDS, type WalletKind } from '../../engine/payments/wallet.ts'
import { entryOf } from '../../engine/storage/money.case.ts'
import { openTerminal } from '../terminal.ts'
import { sayingFees } from './purse.ts'
import { type KnownWallet, entryLine, routingWords, walletLines, walletObject } from './show.ts'

const infoOf = (kind: WalletKind): KnownWallet => ({
  kind,
  fingerprint: `${kind}-00000000000000aa`,
  net: kind === 'sim' ? 'sim' : 'regtest',
  nodeKey: null,
  caps: {
    hold: false,
    bind: 'hash',
    granularity: msat(1n),
    push: true,
    spend: true,
    preimage: 'always',
    custodial: false,
  },
})

test('a wallet that takes no limit for fees is told apart before anything is paid: NWC alone', () => {
  const limitless = WALLET_KINDS.filter((kind) =>
    walletLines(infoOf(kind)).some((line) => line.includes('takes no limit for fees (--max-fee)')),
  )
  expect(limitless).toEqual(['nwc'])
  for (const kind of WALLET_KINDS) expect(walletObject(infoOf(kind)).fee_limit).toBe(kind !== 'nwc')
  expect(routingWords(msat(10_000n), 'lnd')).toBe('and at most 10 sat for routing')
  expect(routingWords(msat(10_000n), 'nwc')).toMatch(
    /what the wallet thinks right: nwc takes no limit/,
  )
  expect(routingWords(msat(10_000n), 'nwc')).not.toContain('at most')
})

test('a fee over what was allowed stays marked where payments are listed', () => {
  const paid = (fee: bigint) =>
    entryLine(entryOf(1, { state: 'settled', fee: msat(fee), maxFee: msat(5_000n) }), () => 'mira')
  expect(paid(5_000n)).not.toContain('allowed')
  expect(paid(30_000n)).toEndWith('the fee is over the 5 sat allowed')
})

test('and is found out by each payment that cost more than it might, whoever waits for it', async () => {
  const said: string[] = []
  const paint = openTerminal({ quiet: true }).paint
  const terminal = { say: (line: string) => void said.push(line), paint }
  const paysAt = (fee: bigint | null): Payer =>
    sayingFees(
      {
        info: async () => infoOf('nwc'),
        pay: async () => ({
          state: 'settled',
          preimage: null,
          fee: fee === null ? null : msat(fee),
        }),
        payStatus: async () => null,
        close: async () => {},
      },
      terminal,
    )
  const limits = { maxFee: msat(5_100n), timeoutMs: 1 }
  for (const fee of [null, 0n, 5_100n]) await paysAt(fee).pay('', limits)
  expect(said).toEqual([])
  expect(await paysAt(30_000n).pay('', limits)).toMatchObject({ state: 'settled', fee: 30_000n })
  expect(said).toHaveLength(1)
  expect(said[0]).toContain('routing cost 30 sat, more than the 5.1 sat that it may cost')
})
