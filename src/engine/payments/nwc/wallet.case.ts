import { expect } from 'bun:test'
import {
  type BareService,
  bareService,
  type Script,
  until,
} from '../../../../test/lightning/nwc-bare.ts'
import { toSec } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import { encodeBolt11 } from '../../protocol/bolt11/encode.ts'
import type { InvoiceDraft } from '../../protocol/bolt11/invoice.ts'
import { paymentHash } from '../../protocol/ids.ts'
import { termsHash, termsMemo } from '../../protocol/terms.ts'
import { secp } from '../../transport/link.fixtures.ts'
import type { Wallet } from '../wallet.ts'
import { openNwcWallet } from './wallet.ts'

/** A wallet behind NWC that answers as a script says. */

export const closing: (() => unknown)[] = []
export const closeAll = async (): Promise<void> => {
  for (const close of closing.splice(0).reverse()) await close()
}

export const HASH = paymentHash('ab'.repeat(32))
export const TERMS = '{"v":"fedai-pay/1"}'
export const WISH = { msat: msat(21_000n), terms: TERMS, expirySec: 60 }
export const RECEIVES = { methods: ['make_invoice', 'lookup_invoice'], network: 'regtest' }

export const begin = async (script: Script, options: Parameters<typeof bareService>[0] = {}) => {
  const service = await bareService(options)
  closing.push(service.close)
  service.script(script)
  return service
}

export const openWallet = async (service: BareService): Promise<Wallet> => {
  const wallet = await openNwcWallet({ kind: 'nwc', uri: service.uri }, service.seams)
  closing.push(wallet.close)
  return wallet
}

/** The Fault of a call, while time goes by; no secret of the connection is in it. */
export const faultOf = async (service: BareService, call: Promise<unknown>): Promise<string> => {
  let fault: Fault | undefined
  call.then(
    () => (fault = { code: 'none' } as Fault),
    (thrown: Fault) => (fault = thrown),
  )
  await until(() => {
    service.clock.shift(100)
    return fault
  })
  const { kind, code, message, stack, cause } = fault!
  for (const secret of [service.secret, service.uri, 'canary'])
    expect(`${message} ${stack} ${String(cause)}`).not.toContain(secret)
  expect(message?.length ?? 0).toBeLessThan(300)
  return `${kind} ${code} ${message}`
}

/** An invoice for WISH, but for what a case changes. */
export const invoice = (service: BareService, over: Partial<InvoiceDraft> = {}): string =>
  encodeBolt11(
    {
      prefix: 'bcrt',
      msat: WISH.msat,
      timestamp: toSec(service.clock.now()),
      expirySec: 60,
      paymentHash: HASH,
      paymentSecret: 'cd'.repeat(32),
      description: null,
      descriptionHash: termsHash(TERMS),
      ...over,
    },
    (hash) => secp.signRecoverable(hash, new Uint8Array(32).fill(7)),
  )

export const memo = { description: termsMemo(TERMS), descriptionHash: null }
