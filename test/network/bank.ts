import type { Clock } from '../../src/engine/base/clock.ts'
import type { Fault } from '../../src/engine/base/fault.ts'
import { msat } from '../../src/engine/base/money.ts'
import type { Random } from '../../src/engine/base/random.ts'
import type { Secp256k1 } from '../../src/engine/identity/seams.ts'
import type { CreditPolicy } from '../../src/engine/metering/tab-credit.ts'
import type { Payer } from '../../src/engine/payments/payer.ts'
import { balanceOf, faucet } from '../../src/engine/payments/sim/faucet.ts'
import { newMemoryLedgers } from '../../src/engine/payments/sim/ledger.ts'
import { openSimPayer } from '../../src/engine/payments/sim/payer.ts'
import { openSimWallet } from '../../src/engine/payments/sim/wallet.ts'
import type { Wallet } from '../../src/engine/payments/wallet.ts'
import type { ClientOptions } from '../../src/engine/roles/client/client.ts'
import { openPurse } from '../../src/engine/roles/client/purse.ts'
import type { Purse } from '../../src/engine/roles/client/purse-seam.ts'
import type { NodeMoney } from '../../src/engine/roles/node/money.ts'
import type { RouterFee } from '../../src/engine/roles/router/fee.ts'
import type { SpendingCaps } from '../../src/engine/spending/caps.ts'
import type { Life, Party } from './life.ts'

/** What users allow unless a test says otherwise. */
export const CAPS: Omit<SpendingCaps, 'maxPrice'> = {
  budget: msat(1_000_000n),
  exposure: msat(200_000n),
}

/** The play money of one world: a ledger in memory, an account for each party that takes or pays. */
export class Bank {
  caps = CAPS
  /** Whether clients keep tabs. */
  tab: 'on' | 'off' = 'on'
  /** What stands between a party and its wallet, where a test wants a wallet that lies. */
  wrapPayer: (payer: Payer, name: string) => Payer = (payer) => payer
  wrapWallet: (wallet: Wallet, name: string) => Wallet = (wallet) => wallet
  /** No wallet of a client pays anything. */
  down = false
  /** How far nodes trust those who paid before; their own default where it is left out. */
  credit: CreditPolicy | undefined
  readonly purses: Purse[] = []
  /** Of the last life of each client. */
  readonly purseOf = new Map<string, Purse>()
  private readonly ledgers = newMemoryLedgers()
  private readonly given = new Set<string>()

  constructor(
    private readonly secp: Secp256k1,
    private readonly random: Random,
    readonly amount: bigint,
    private readonly faults: Fault[],
  ) {}

  async till(name: string, life: Life): Promise<NodeMoney> {
    const seams = this.seams(life.clock)
    const wallet = await openSimWallet({ path: LEDGER, account: accountOf(name) }, seams)
    const { credit } = this
    const money = { wallet: life.wallet(this.wrapWallet(wallet, name)), store: life.store.money }
    return credit ? { ...money, credit } : money
  }

  /** What the router takes its own fee with. */
  async fee(
    { pack, routes }: Readonly<{ pack: bigint; routes: number }>,
    life: Life,
  ): Promise<RouterFee> {
    const wallet = await openSimWallet(
      { path: LEDGER, account: accountOf('router') },
      this.seams(life.clock),
    )
    const wrapped = life.wallet(this.wrapWallet(wallet, 'router'))
    return { wallet: wrapped, store: life.store.money, pack: msat(pack), routes }
  }

  /** A party keeps its key over all its lives: its tabs are derived from it. */
  async purse(party: Party, life: Life): Promise<NonNullable<ClientOptions['money']>> {
    const seams = this.seams(life.clock)
    const account = { path: LEDGER, account: accountOf(party.name) }
    const payer = life.payer(
      this.wrapPayer(this.pausable(await openSimPayer(account, seams)), party.name),
    )
    if (!this.given.has(party.name)) await faucet(account, msat(this.amount), seams)
    this.given.add(party.name)
    const purse = openPurse({
      store: life.store.money,
      payer,
      wallet: `sim-${accountOf(party.name)}`,
      signer: party.signer,
      secp: this.secp,
      net: 'sim',
      clock: life.clock,
      random: this.random,
      broken: (fault) => {
        if (life.alive) this.faults.push(fault)
      },
    })
    this.purses.push(purse)
    this.purseOf.set(party.name, purse)
    // A world gives each client a key, to have it come back; it stands for one of a session.
    return { purse: { ...purse, lasts: () => {} }, caps: this.caps }
  }

  private pausable(payer: Payer): Payer {
    const pay: Payer['pay'] = async (...of) =>
      this.down ? { state: 'failed', reason: 'no_route' } : payer.pay(...of)
    return { ...payer, pay }
  }

  balance(name: string, clock: Clock): Promise<bigint> {
    return balanceOf({ path: LEDGER, account: accountOf(name) }, this.seams(clock))
  }

  private seams(clock: Clock) {
    const { secp, random, ledgers } = this
    return { clock: withoutPolls(clock), secp, random, net: 'sim', ledgers } as const
  }
}

/** A ledger in memory tells at once what changed in it: looking 20 times a second would be most of what a world costs. */
const withoutPolls = (clock: Clock): Clock => ({
  ...clock,
  after: (ms, call) => clock.after(ms === 50 ? 3_600_000 : ms, call),
})

const LEDGER = '/play-money'
const accountOf = (name: string): string => name.replaceAll(' ', '-')
