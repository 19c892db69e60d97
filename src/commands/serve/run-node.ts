import { systemClock } from '../../engine/base/clock.ts'
import type { Settings } from '../../engine/base/config/resolve.ts'
import { paths } from '../../engine/base/paths.ts'
import { systemRandom } from '../../engine/base/random.ts'
import { npub, parseNpub, parsePinned } from '../../engine/identity/keys.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import { openNode } from '../../engine/roles/node/node.ts'
import { FREE_PRICES, PLAY_PRICES } from '../../engine/roles/node/prices.ts'
import { openRunners } from '../../engine/runners/open.ts'
import { type Runner, closeRunners } from '../../engine/runners/runner.ts'
import { socketNetwork } from '../../engine/transport/sockets.ts'
import { readSettings } from '../settings.ts'
import { runDaemon } from './daemon.ts'
import { joinLocal } from './join.ts'
import type { DaemonOptions, Means, Service } from './service.ts'
import { troubleLog } from './trouble.ts'
import { openNodeWallet } from './wallet.ts'

export type NodeCommandOptions = DaemonOptions &
  Readonly<{
    runner?: readonly string[] | undefined
    router?: readonly string[] | undefined
    queue?: string | undefined
    name?: string | undefined
    as?: string | undefined
    operator?: string | undefined
    drain?: string | undefined
    net?: string | undefined
    wallet?: string | undefined
    walletFile?: string | undefined
    allowSpendingCredential?: boolean | undefined
  }>

/**
 * `fedai serve node`: a node until a signal ends it.
 * @throws Fault of a runner that was named and fails; those of runDaemon
 */
export const runNode = (options: NodeCommandOptions, version: string): Promise<void> =>
  runDaemon({
    role: 'node',
    options,
    version,
    settings: () => readSettings(flagsOf(options)),
    open: (settings, means) => openService(settings, means, version),
  })

const flagsOf = (options: NodeCommandOptions) => ({
  routers: options.router,
  'node.runners': options.runner,
  'node.queue': options.queue,
  'node.name': options.name,
  'node.identity': options.as,
  'node.operator': options.operator,
  'node.drain': options.drain,
  net: options.net,
  'node.wallet': options.wallet,
  'node.wallet_file': options.walletFile,
  'node.allow_spending_credential': options.allowSpendingCredential ? 'yes' : undefined,
})

const openService = async (settings: Settings, means: Means, version: string): Promise<Service> => {
  const { log, stop } = means
  const runners = await openRunners(settings.get('node.runners'), {
    version,
    log,
    say: (reason) => log.warn('runner.not_used', { reason }),
    runtime: paths(process.env).runtime,
    signal: stop,
  })
  try {
    return await withRunners(runners, settings, means, version)
  } catch (error) {
    // One that was started would keep this process alive.
    await closeRunners(runners)
    throw error
  }
}

const withRunners = async (
  runners: readonly Runner[],
  settings: Settings,
  means: Means,
  version: string,
): Promise<Service> => {
  const { signer, store, log, notifier, broken } = means
  const trouble = troubleLog(log)
  const operator = settings.get('node.operator')
  const named = settings.get('routers').map((it) => parsePinned(it))
  const wallet = await openNodeWallet(settings, means)
  const node = await openNode({
    signer,
    store,
    broken,
    runners,
    secp: await openSecp256k1(),
    net: settings.get('net'),
    network: socketNetwork({ clock: systemClock, random: systemRandom }),
    log: trouble.log,
    routers: named,
    rows: wallet ? PLAY_PRICES : FREE_PRICES,
    ...(wallet && { money: { wallet, store: store.money } }),
    queue: settings.get('node.queue'),
    name: settings.get('node.name'),
    software: `fedai ${version}`,
    operator: operator === undefined ? null : parseNpub(operator),
    bounds: settings.bounds(),
    onTrouble: trouble.tell,
  })
  const stopLooking = named.length > 0 ? () => {} : joinLocal(node.dial, notifier, log)
  const models = await modelsOf(runners)
  return {
    address: null,
    about: `${npub(node.key)} · ${where(named.length)}${wallet ? '' : ' · for nothing'}`,
    fields: { tasks: models, wallet: wallet ? (await wallet.info()).kind : null },
    figures: () => ({ ...node.figures() }),
    notReady: () => reasonOf(node.figures()),
    reload: async () => {},
    drain: () => {
      stopLooking()
      return node.drain()
    },
    close: async () => {
      stopLooking()
      await node.close()
      await closeRunners(runners)
    },
  }
}

const where = (routers: number): string =>
  routers > 0
    ? `at ${routers === 1 ? 'its router' : `${routers} routers`}`
    : 'at the routers of this machine (fedai serve router)'

const reasonOf = ({ routers, tickets }: { routers: number; tickets: number }): string | null => {
  if (routers === 0) return 'no router has answered yet'
  return tickets > 0 ? null : 'all places are taken, or no runner can do anything'
}

/** The models by task, for `--json`. */
const modelsOf = async (runners: readonly Runner[]): Promise<Record<string, string[]>> => {
  const tasks: Record<string, string[]> = {}
  for (const runner of runners)
    for (const { task, model } of await runner.capabilities()) (tasks[task] ??= []).push(model.name)
  return tasks
}
