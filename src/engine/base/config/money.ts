import { MOST_AMOUNT } from '../money.ts'
import { optional, setting } from './setting.ts'
import { amount, choice, file, identity, list, whole } from './values.ts'

/** What can be set about money. */
export const MONEY_SETTINGS = {
  net: setting(choice('sim', 'mainnet', 'testnet', 'regtest'), 'sim', {
    doc: 'Which money is used; sim is play money, and the two never meet.',
    example: 'mainnet',
    flag: '--net',
    reload: false,
  }),

  'router.require_payment': setting(choice('none', 'before', 'after', 'any'), 'none', {
    doc: 'Which payment a job needs that this router places; any: by whichever timing, none: it does not mind.',
    example: 'before',
    flag: '--require-payment',
    reload: false,
  }),

  'router.payment_evidence': setting(choice('node', 'proof'), 'node', {
    doc: 'What shows that it is paid: its node’s word; or proof of each payment, with require_payment = "before" alone.',
    example: 'proof',
    flag: '--payment-evidence',
    reload: false,
  }),

  // Rounded up to what its routes and its wallet can count, it is still an amount that can be said.
  'router.fee': setting(amount(MOST_AMOUNT / 10n), '0msat', {
    doc: 'What the router takes for itself: the price of a pack of routes, paid ahead; 0msat: nothing.',
    example: '10sat',
    flag: '--fee',
    reload: false,
  }),
  'router.fee_routes': setting(whole(1, 1_000_000), 100, {
    doc: 'How many jobs such a pack is good for.',
    example: 100,
    flag: '--fee-routes',
    reload: false,
  }),
  'router.wallet_file': optional(file(), {
    doc: 'File (0600) with the connection string of the wallet for that fee: one that cannot spend, such as an address.',
    example: '/etc/fedai/wallet',
    flag: '--wallet-file',
    reload: false,
  }),

  'node.wallet': setting(
    choice('auto', 'none', 'sim', 'nwc', 'lnd', 'cln', 'phoenixd', 'lnbits'),
    'auto',
    {
      doc: 'Where the node is paid; auto: play money on net sim, else what wallet_file connects; none: it works for nothing.',
      example: 'lnd',
      flag: '--wallet',
      reload: false,
    },
  ),
  'node.wallet_file': optional(file(), {
    doc: 'File (0600) with the connection string of that wallet; under systemd the credential wallet is used.',
    example: '/etc/fedai/wallet',
    flag: '--wallet-file',
    reload: false,
  }),
  'node.allow_spending_credential': setting(choice('no', 'yes'), 'no', {
    doc: 'Whether the node starts with a wallet credential that can also spend.',
    example: 'yes',
    flag: '--allow-spending-credential',
    reload: false,
  }),

  'request.timing': setting(list(choice('before', 'stream', 'after', 'hold', 'free'), 5), [], {
    doc: 'By which timings a job may be paid; none named: any.',
    example: ['before'],
    flag: '--timing',
    reload: false,
  }),

  'pay.budget': setting(amount(), '1000sat', {
    doc: 'Most that may leave the wallet on one day (UTC), fees included.',
    example: '5000sat',
    flag: '--budget',
    reload: false,
  }),
  'pay.max_exposure': setting(amount(), '200sat', {
    doc: 'Most that may lie paid and unused at one node: what its end could cost you.',
    example: '500sat',
    flag: '--max-exposure',
    reload: false,
  }),
  'pay.tab': setting(choice('on', 'off'), 'on', {
    doc: 'Whether nodes keep what a job leaves unused for the next one; off: each job has an invoice of its own.',
    example: 'off',
    flag: '--tab',
    reload: false,
  }),
  'pay.identity': setting(identity(), 'payer', {
    doc: 'The stored identity from which the key of each tab is derived; it is made on first use.',
    example: 'payer',
    reload: false,
  }),
} as const
