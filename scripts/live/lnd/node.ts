import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LndPrograms } from '../lnd.ts'
import { type Btcd, RPC } from './btcd.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { type LndAccess, lndAsk, lndCall, until } from './rest.ts'

/** One real lnd. All that it is asked for here goes with its admin macaroon. */
export type LndNode = LndAccess &
  Readonly<{
    name: string
    /** Where other nodes reach it. */
    peer: string
    /** Its public key, 33 bytes in hex. */
    key(): Promise<string>
    address(): Promise<string>
    /** Another macaroon, in hex, that may do just this: pairs such as `['uri', '/lnrpc.Lightning/AddInvoice']`. */
    bake(permissions: readonly (readonly [entity: string, action: string])[]): Promise<string>
    state(): Promise<string>
    /** A file that it made beside its admin macaroon, such as `invoice.macaroon`. */
    file(name: string): Promise<Buffer>
    /** Pid of the process that runs now. */
    pid(): number
    /** kill -9. */
    kill(): Promise<void>
    /** Starts it once more on what its disk has, until it answers and its channels are active. */
    again(): Promise<void>
    stop(): Promise<void>
  }>

export type NodePorts = Readonly<{ peer: number; grpc: number; rest: number }>

/** Starts an lnd with a new wallet; it answers when this returns, but knows of no block yet. */
export const startNode = async (
  programs: LndPrograms,
  btcd: Btcd,
  name: string,
  folder: string,
  ports: NodePorts,
): Promise<LndNode> => {
  await mkdir(folder, { recursive: true })
  const url = `https://127.0.0.1:${ports.rest}`
  const start = (): Daemon => startDaemon(programs.lnd, flags(btcd, name, folder, ports))
  let daemon = start()
  const read = (...path: string[]) => readFile(join(folder, ...path))
  const certificate = await until(`${name} has a certificate`, 30_000, async () => {
    const text = (await read('tls.cert')).toString()
    return text.includes('END CERTIFICATE') && text
  })
  const nobody = { url, certificate, macaroon: '' }
  // lnd says so of itself to everybody, before there are macaroons.
  const state = async () =>
    String((await lndCall(nobody, '/v1/state', undefined, 2_000)).body.state)
  await until(`${name} answers`, 60_000, async () => /^(RPC|SERVER)_ACTIVE$/.test(await state()))
  const file = (it: string) => read('data/chain/bitcoin/regtest', it)
  const macaroon = (await file('admin.macaroon')).toString('hex')
  const to = { url, certificate, macaroon }
  return {
    ...to,
    name,
    peer: `127.0.0.1:${ports.peer}`,
    state,
    file,
    key: async () => (await lndAsk<{ identity_pubkey: string }>(to, '/v1/getinfo')).identity_pubkey,
    address: async () =>
      (await lndAsk<{ address: string }>(to, '/v1/newaddress?type=WITNESS_PUBKEY_HASH')).address,
    bake: async (permissions) => {
      const wish = { permissions: permissions.map(([entity, action]) => ({ entity, action })) }
      return (await lndAsk<{ macaroon: string }>(to, '/v1/macaroon', wish)).macaroon
    },
    pid: () => daemon.pid,
    kill: () => daemon.kill(),
    async again() {
      daemon = start()
      await until(`${name} is back`, 60_000, async () => (await state()) === 'SERVER_ACTIVE')
      await until(`${name} has its channels back`, 60_000, () => allActive(to))
    },
    stop: () => daemon.stop(),
  }
}

/** Whether a node has channels, and all of them can be used. */
export const allActive = async (to: LndAccess): Promise<boolean> => {
  type Channels = { channels: { active: boolean }[] }
  const { channels } = await lndAsk<Channels>(to, '/v1/channels')
  return channels.length > 0 && channels.every((it) => it.active)
}

// Short intervals: nobody here has a slow disk or a slow peer.
const flags = (btcd: Btcd, name: string, folder: string, ports: NodePorts): string[] => [
  `--lnddir=${folder}`,
  '--configfile=/dev/null',
  `--alias=${name}`,
  '--noseedbackup',
  '--nobootstrap',
  '--bitcoin.regtest',
  '--bitcoin.node=btcd',
  `--btcd.rpchost=127.0.0.1:${btcd.port}`,
  `--btcd.rpcuser=${RPC.user}`,
  `--btcd.rpcpass=${RPC.password}`,
  `--btcd.rpccert=${btcd.certificate}`,
  `--listen=127.0.0.1:${ports.peer}`,
  `--rpclisten=127.0.0.1:${ports.grpc}`,
  `--restlisten=127.0.0.1:${ports.rest}`,
  '--bitcoin.defaultchanconfs=1',
  '--bitcoin.timelockdelta=40',
  '--trickledelay=50',
  '--channel-commit-interval=5ms',
  '--pending-commit-interval=30s',
  '--minbackoff=200ms',
  '--maxbackoff=1s',
  '--gossip.sub-batch-delay=5ms',
  '--caches.rpc-graph-cache-duration=100ms',
  '--db.batch-commit-interval=10ms',
  '--keep-failed-payment-attempts',
  '--logging.console.disable',
  '--debuglevel=info',
]
