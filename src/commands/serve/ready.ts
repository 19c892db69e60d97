import type { Net } from '../../engine/protocol/event.ts'
import { npub } from '../../engine/identity/keys.ts'
import { showMs } from '../figures.ts'
import type { Exposed } from './expose.ts'
import type { Means, Service } from './service.ts'

type Ready = Means &
  Readonly<{ role: 'router' | 'node'; net: Net; service: Service; exposed: Exposed; ms: number }>

/** One line that says that the daemon does its work: for people, for programs, for systemd. */
export const tellReady = (ready: Ready): void => {
  const { role, net, name, signer, service, exposed, terminal, notifier, log, isJson, ms } = ready
  const key = npub(signer.pubkey)
  if (terminal.json) void terminal.emit(`${JSON.stringify(readyObject(ready))}\n`)
  const { address } = service
  if (isJson)
    log.info('ready', {
      role,
      npub: key,
      identity: name,
      ...(address !== null && { address }),
      ...(exposed.socket !== null && { socket: exposed.socket }),
      ms: Math.round(ms),
    })
  else
    terminal.say(
      `${role} ready in ${showMs(ms)} · ${net === 'sim' ? 'play money' : net} · ${service.about}`,
    )
  notifier.ready(service.about)
}

/** What `--json` prints (shape.ts). */
const readyObject = ({ role, net, name, signer, service, exposed }: Ready) => ({
  v: 1,
  type: 'ready',
  role,
  net,
  npub: npub(signer.pubkey),
  pubkey: signer.pubkey,
  identity: name,
  pid: process.pid,
  socket: exposed.socket,
  ...service.fields,
})
