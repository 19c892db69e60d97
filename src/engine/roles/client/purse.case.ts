import { unixMs } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import { seededRandom } from '../../base/random.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import type { PayLimits, Payer, Payment } from '../../payments/payer.ts'
import { FREE, SETTLED, WALLET, payment } from '../../spending/journal.case.ts'
import type { WantedPayment } from '../../spending/journal-rows.ts'
import { memoryStore } from '../../storage/memory.ts'
import type { MoneyStore } from '../../storage/money-store.ts'
import type { Purse } from './purse-seam.ts'
import { openPurse } from './purse.ts'

/** A purse, its wallet and its ledger, for tests. */

const secp = await openSecp256k1()
type Wanted = Partial<WantedPayment> & Partial<Omit<Parameters<Purse['pay']>[0], 'payment'>>

/**
 * @param wallet what the wallet does, unless everything is paid at once
 * @param ledger what is otherwise with the ledger
 * @param shared the ledger of an earlier process
 * @param seed another one: another identity
 */
export const scene = (
  wallet: Partial<Payer> = {},
  ledger: Partial<MoneyStore> = {},
  shared: MoneyStore = memoryStore().money,
  seed = 4,
) => {
  const clock = virtualClock()
  const random = seededRandom(seed)
  const faults: Fault[] = []
  /** What the wallet was told to pay, and within which limits. */
  const paid: string[] = []
  const limits: PayLimits[] = []
  const payer: Payer = {
    info: () => new Promise<never>(() => {}),
    payStatus: async () => null,
    close: async () => {},
    ...wallet,
    pay: (bolt11, within) => {
      paid.push(bolt11)
      limits.push(within)
      return wallet.pay?.(bolt11, within) ?? Promise.resolve(SETTLED as Payment)
    },
  }
  const purse = openPurse({
    payer,
    wallet: WALLET,
    signer: newSigner(secp, random),
    secp,
    net: 'sim',
    clock,
    random,
    store: { ...shared, ...ledger },
    broken: (fault) => void faults.push(fault),
  })
  /** How it ended: its state, or the code of what is thrown. */
  const pay = (n: number, over: Wanted = {}): Promise<string> => {
    const { caps = FREE, price = msat(0n), used, hold, begun, ...rest } = over
    const expiresAt = unixMs(clock.now() + 120_000)
    const wanted = {
      caps,
      price,
      ...(used && { used }),
      ...(hold && { hold }),
      ...(begun && { begun }),
    }
    return purse.pay({ payment: payment(n, { expiresAt, ...rest }), ...wanted }).then(
      ({ state }) => state,
      (fault: Fault) => fault.code,
    )
  }
  return {
    clock,
    store: shared,
    purse,
    pay,
    paid,
    limits,
    faults,
    codes: () => faults.map((it) => it.code),
  }
}
