import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, runQuietly } from '../cache.ts'
import type { LndPrograms } from '../lnd.ts'
import { startDaemon } from './daemon.ts'
import { until } from './rest.ts'

/** A regtest chain of one process. btcd deletes it at every start, so it is never started twice. */
export type Btcd = Readonly<{
  port: number
  /** File of its certificate. */
  certificate: string
  /** Adds blocks at once; block i pays its subsidy to address i, round and round. The first takes the mempool along. */
  mine(blocks: number, ...addresses: string[]): Promise<void>
  stop(): Promise<void>
}>

/** What nobody but this machine can reach needs no better one. */
export const RPC = { user: 'u', password: 'p' }

/** Starts btcd on an empty chain and waits until it answers. */
export const startBtcd = async (
  programs: LndPrograms,
  folder: string,
  port: number,
): Promise<Btcd> => {
  await mkdir(folder, { recursive: true })
  const certificate = join(folder, 'rpc.cert')
  const daemon = startDaemon(programs.btcd, [
    '--regtest',
    `--datadir=${folder}`,
    `--logdir=${join(folder, 'log')}`,
    '--configfile=/dev/null',
    `--rpcuser=${RPC.user}`,
    `--rpcpass=${RPC.password}`,
    `--rpccert=${certificate}`,
    `--rpckey=${join(folder, 'rpc.key')}`,
    `--rpclisten=127.0.0.1:${port}`,
    '--nolisten',
    '--nodnsseed',
    '--txindex',
    '--rejectnonstd',
    '--nobanning',
    '--nostalldetect',
    '--rpcmaxwebsockets=100',
  ])
  await until('btcd answers', 20_000, async () => {
    if (!(await exists(certificate))) return false
    const response = await fetch(`https://127.0.0.1:${port}`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${RPC.user}:${RPC.password}`)}` },
      // Without this version btcd hangs up in silence.
      body: '{"jsonrpc":"1.0","id":1,"method":"getblockcount","params":[]}',
      tls: { ca: await Bun.file(certificate).text() },
      signal: AbortSignal.timeout(2_000),
    })
    return (await response.text()).includes('result')
  })
  const at = ['-rpc', `127.0.0.1:${port}`, '-cert', certificate]
  const mine = async (blocks: number, ...addresses: string[]) =>
    void (await runQuietly(programs.mine, [...at, '-n', String(blocks), ...addresses]))
  return { port, certificate, mine, stop: daemon.stop }
}
