import { Fault, isFault } from '../../engine/base/fault.ts'
import type { Settings } from '../../engine/base/config/resolve.ts'
import { npub, parseNpub, shortNpub } from '../../engine/identity/keys.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import { systemClock } from '../../engine/base/clock.ts'
import { systemRandom } from '../../engine/base/random.ts'
import { type Router, openRouter } from '../../engine/roles/router/router.ts'
import type { PaymentRule } from '../../engine/routing/payment.ts'
import { socketNetwork } from '../../engine/transport/sockets.ts'
import { routersHere } from '../running.ts'
import { readSettings } from '../settings.ts'
import { runDaemon } from './daemon.ts'
import { doorOf } from './door.ts'
import type { DaemonOptions, Means, Service } from './service.ts'
import { readTls } from './tls.ts'
import { openRouterWallet } from './wallet.ts'

export type RouterCommandOptions = DaemonOptions &
  Readonly<{
    listen?: string | undefined
    public?: readonly string[] | undefined
    tlsCert?: string | undefined
    tlsKey?: string | undefined
    trustedProxy?: readonly string[] | undefined
    name?: string | undefined
    as?: string | undefined
    operator?: string | undefined
    drain?: string | undefined
    net?: string | undefined
    requirePayment?: string | undefined
    paymentEvidence?: string | undefined
    fee?: string | undefined
    feeRoutes?: string | undefined
    walletFile?: string | undefined
  }>

/**
 * `fedai serve router`: a router until a signal ends it.
 * @throws Fault `config` where its door would be open to everybody without TLS; those of runDaemon
 */
export const runRouter = (options: RouterCommandOptions, version: string): Promise<void> =>
  runDaemon({
    role: 'router',
    options,
    version,
    settings: async () => {
      const settings = await readSettings(flagsOf(options))
      // Before a key is made for a router that may not open its door.
      await doorOf(settings)
      paymentOf(settings)
      return settings
    },
    open: (settings, means) => openService(settings, means, version),
  })

const flagsOf = (options: RouterCommandOptions) => ({
  'router.listen': options.listen,
  'router.public': options.public,
  'router.tls_cert': options.tlsCert,
  'router.tls_key': options.tlsKey,
  'router.trusted_proxy': options.trustedProxy,
  'router.name': options.name,
  'router.identity': options.as,
  'router.operator': options.operator,
  'router.drain': options.drain,
  net: options.net,
  'router.require_payment': options.requirePayment,
  'router.payment_evidence': options.paymentEvidence,
  'router.fee': options.fee,
  'router.fee_routes': options.feeRoutes,
  'router.wallet_file': options.walletFile,
})

const openService = async (settings: Settings, means: Means, version: string): Promise<Service> => {
  const door = await doorOf(settings)
  const operator = settings.get('router.operator')
  const wallet = await openRouterWallet(settings, means)
  const fee = wallet && {
    wallet,
    store: means.store.money,
    pack: settings.get('router.fee'),
    routes: settings.get('router.fee_routes'),
  }
  const router = await openRouter({
    ...door,
    ...(fee && { fee }),
    signer: means.signer,
    secp: await openSecp256k1(),
    net: settings.get('net'),
    payment: paymentOf(settings),
    network: socketNetwork({ clock: systemClock, random: systemRandom, log: means.log }),
    store: means.store,
    log: means.log,
    name: settings.get('router.name'),
    software: `fedai ${version}`,
    operator: operator === undefined ? null : parseNpub(operator),
    bounds: settings.bounds(),
    broken: means.broken,
  }).catch(async (error: unknown) => {
    await wallet?.close()
    throw isFault(error) && error.code === 'door.taken' ? taken(error, settings) : error
  })
  const address = (door.tls && door.doors[0]) ?? router.address
  const pinned = `${npub(router.key)}@${door.doors[0] ?? router.address}`
  return {
    address,
    about: `--router ${pinned}`,
    fields: { address, pinned, doors: door.doors },
    figures: () => ({ ...router.figures() }),
    // The door is open. Whether a node stands behind it the figures say.
    notReady: () => null,
    reload: (next) => renew(router, next),
    drain: () => router.drain(),
    close: () => router.close(),
  }
}

/** @throws Fault `config`: what is paid later, or while the job runs, cannot be shown before it. */
const paymentOf = (settings: Settings): PaymentRule => {
  const rule = settings.get('router.require_payment')
  if (settings.get('router.payment_evidence') === 'node') return rule
  if (rule === 'before') return 'proven'
  throw new Fault(
    'config',
    'payment.evidence',
    'only a payment before the job can be proven to a router',
    {
      hint: `${rule === 'none' ? 'add --require-payment before' : `write --require-payment before, not ${rule}`}, or leave --payment-evidence proof out`,
    },
  )
}

const renew = async (router: Router, settings: Settings): Promise<void> => {
  const tls = await readTls(settings)
  if (tls) router.renew(tls)
}

/** Who has the port already, where that can be known. */
const taken = (fault: Fault, settings: Settings): Fault => {
  const { port } = settings.get('router.listen')
  const other = routersHere().find((it) => Number(new URL(it.address).port) === port)
  const who = other ? `the router ${shortNpub(other.key)}, process ${other.pid}` : 'something else'
  return new Fault(fault.kind, fault.code, `${fault.message}: ${who} listens there`, {
    hint: other
      ? 'use that one, or choose another port: --listen 127.0.0.1:0'
      : 'choose another port: --listen 127.0.0.1:0',
    cause: fault.cause,
  })
}
