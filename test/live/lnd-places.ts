import { expect } from 'bun:test'
import { chmodSync } from 'node:fs'
import { type Lightning, PERMISSIONS, until } from '../../scripts/live/lightning.ts'
import type { LndAccess } from '../../scripts/live/lightning.ts'
import { balanceOf, isQuiet } from '../../scripts/live/lnd/deeds.ts'
import { type Place, type Running, binary, place } from '../cli/cli.ts'
import { jsonOf } from '../cli/pay.ts'

/** Processes of the compiled binary that pay each other over real lnds, and all that they print. */
export const openPlaces = async (net: Lightning) => {
  const fedai = await binary()
  const places: Place[] = []
  /** What was in a connection, and may stand nowhere else. */
  const secrets: string[] = []
  let printed = ''

  const newPlace = (): Place => {
    const at = place(fedai)
    places.push(at)
    return at
  }
  const start = (at: Place, args: readonly string[]): Running => {
    const running = at.start(args, { env: { FEDAI_NET: 'regtest' } })
    void running.done.then(({ stdout, stderr }) => (printed += stdout + stderr))
    return running
  }
  const json = (at: Place, ...args: string[]) => jsonOf(start(at, [...args, '--json']).done)
  const connection = (
    at: Place,
    name: string,
    { url, certificate }: LndAccess,
    macaroon: string,
  ) => {
    const der = Buffer.from(certificate.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')
    const key = Buffer.from(macaroon, 'hex')
    const text = `lndconnect://${new URL(url).host}?cert=${der.toString('base64url')}&macaroon=${key.toString('base64url')}`
    secrets.push(key.toString('base64url'), macaroon)
    const file = at.file(name, text)
    chmodSync(file, 0o600)
    return file
  }
  return {
    newPlace,
    start,
    json,
    /** A file that names an lnd and a macaroon for it, as `lndconnect` writes it. */
    connection,
    /** Somebody who pays with alice's lnd. */
    async newBuyer(): Promise<Place> {
      const at = newPlace()
      const file = connection(at, 'pay', net.alice, await net.alice.bake(PERMISSIONS.pay))
      expect(await json(at, 'pay', 'connect', '--file', file)).toMatchObject({
        code: 0,
        said: { status: 'stored', net: 'regtest', wallet: { kind: 'lnd', pays: true } },
      })
      return at
    },
    expectNoSecret(): void {
      expect(printed.length).toBeGreaterThan(1_000)
      for (const secret of secrets) expect(printed).not.toContain(secret)
    },
    remove(): void {
      for (const it of places) it[Symbol.dispose]()
    },
  }
}

export type Places = Awaited<ReturnType<typeof openPlaces>>

/** The payments that a job made, as `--json` tells of them. */
export const paidIn = (events: { type: string; msat: string; fee_msat: string }[]) =>
  events.filter(({ type }) => type === 'paid')

/** What a node has in its channels once nothing is on its way through it, msat. */
export const channelsOf = async (node: LndAccess): Promise<bigint> => {
  await until('no payment is on its way', 20_000, () => isQuiet(node))
  return balanceOf(node)
}
