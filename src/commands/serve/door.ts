import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import type { Settings } from '../../engine/base/config/resolve.ts'
import { Fault } from '../../engine/base/fault.ts'
import { addressIn, bare, isLocalHost, isPrivateAddress } from '../../engine/transport/addresses.ts'
import { isNetwork } from '../../engine/transport/peer.ts'
import { type Tls, namesOf } from '../../engine/transport/tls.ts'
import { readTls } from './tls.ts'

/** Where and how a router is reached. */
export type Door = Readonly<{
  hostname: string
  port: number
  /** What others dial, the usual one first; none: only what it listens on. */
  doors: readonly string[]
  trustedProxies: readonly string[]
  tls?: Tls
}>

/**
 * The door that is set. Without names of its own, a door with TLS is known by those of its certificate.
 * @param addressesOf where a name listens
 * @throws Fault `config` `door.plaintext` | `door.proxy`; those of readTls
 */
export const doorOf = async (settings: Settings, addressesOf = looked): Promise<Door> => {
  const { host, port } = settings.get('router.listen')
  const trustedProxies = settings.get('router.trusted_proxy')
  const wrong = trustedProxies.find((it) => !isNetwork(it))
  if (wrong !== undefined)
    throw new Fault('config', 'door.proxy', `the trusted proxy ${wrong} is no address or network`, {
      hint: 'write an IP address, or one with its bits: --trusted-proxy 10.0.0.0/8',
    })
  const tls = await readTls(settings)
  if (!tls && trustedProxies.length === 0 && (await isOpen(host, addressesOf)))
    throw plaintext(host, port)
  const named = settings.get('router.public').map((it) => it.replace(/\/$/, ''))
  const certified = tls && port !== 0 ? namesOf(tls).map((it) => `wss://${it}:${port}`) : []
  return {
    hostname: host,
    port,
    doors: named.length > 0 ? named : certified.map((it) => new URL(it).href.replace(/\/$/, '')),
    trustedProxies,
    ...(tls && { tls }),
  }
}

/** Whether somebody outside this network may reach it. A name is where /etc/hosts and DNS put it. */
const isOpen = async (host: string, addressesOf: typeof looked): Promise<boolean> => {
  if (addressIn(host) !== undefined) return isOpenAddress(host)
  if (!isLocalHost(host)) return true
  const addresses = await addressesOf(bare(host))
  return addresses.length === 0 || addresses.some(isOpenAddress)
}

/** All addresses of a machine are as public as the most public one, now or when it gets one. */
const isOpenAddress = (written: string): boolean => {
  const address = addressIn(written) ?? written
  return /^(0\.0\.0\.0|::|::ffff:0:0)$/.test(address) || !isPrivateAddress(address)
}

/** None where it has none. */
const looked = async (name: string): Promise<string[]> => {
  const found = await lookup(name, { all: true }).catch(() => [])
  return found.map((it) => it.address)
}

const plaintext = (host: string, port: number): Fault => {
  const own = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find((it) => !it.internal && it.family === 'IPv4' && isPrivateAddress(it.address))
  const local = own ? `${own.address}:${port}` : `127.0.0.1:${port}`
  return new Fault(
    'config',
    'door.plaintext',
    `a door at ${host}:${port} would show everybody on the way who talks to whom`,
    {
      hint: [
        'speak TLS: --tls-cert FILE --tls-key FILE',
        'or stand behind a proxy that does: --trusted-proxy ADDRESS',
        `or stay in this network: --listen ${local}`,
      ].join('\n'),
    },
  )
}
