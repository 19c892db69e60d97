import { nip44 } from 'nostr-tools'
import { fromHex } from '../../base/bytes.ts'
import { type BareService, bareService, until } from '../../../../test/lightning/nwc-bare.ts'
import { openNwcClient } from './client.ts'
import type { Outcome } from './sealed.ts'
import { parseNwcUri } from './uri.ts'

/** A client of a wallet behind NWC that says what a test has it say. */

export const closing: (() => unknown)[] = []
export const closeAll = async (): Promise<void> => {
  for (const close of closing.splice(0).reverse()) await close()
}

export const open = async (options: Parameters<typeof bareService>[0] = {}) => {
  const service = await bareService(options)
  closing.push(service.close)
  const client = openNwcClient(parseNwcUri(service.uri, service.seams.secp), service.seams)
  closing.push(client.close)
  return { service, client }
}

/** Puts the clock forward until there is an answer. */
export const inTime = async (service: BareService, outcome: Promise<Outcome>): Promise<Outcome> => {
  let ended = false
  void outcome.then(() => (ended = true))
  await until(() => {
    service.clock.shift(100)
    return ended
  })
  return outcome
}

export const asked = async (service: BareService, times = 1) => {
  await until(() => service.requests.length >= times)
  return service.requests.at(-1)!
}

export const sealedText = (service: BareService, text: string): string =>
  nip44.encrypt(text, nip44.getConversationKey(fromHex(service.secret), service.signer.pubkey))
