import { sha256, sha256Hex, toHex } from '../base/bytes.ts'
import type { Secp256k1 } from '../identity/seams.ts'
import type { Connection } from './connection.ts'
import { parseNwcUri } from './nwc/uri.ts'
import type { WalletInfo } from './wallet.ts'

/**
 * Which wallet this is, as `lnd-9f2c41d07ab3e518`: its kind, and 64 bits of SHA-256 over what tells it from all others.
 * The ledger has it with each payment, so that only the wallet that sent one is asked how it ended. The address at
 * which a wallet answers is no part of it, so one that moves stays the same, and neither is anything that a person
 * made up, as a password. No colon: what begins like a connection string is shown nowhere (commands/secretless.ts).
 * @param info what the wallet said of itself
 */
export const fingerprintOf = (
  connection: Connection,
  info: Pick<WalletInfo, 'nodeKey'>,
  secp: Pick<Secp256k1, 'agree' | 'publicKey'>,
): string => {
  const { kind } = connection
  return `${kind}-${sha256Hex(`fedai/1 wallet ${kind} ${identityOf(connection, info, secp)}`).slice(0, HEX)}`
}

const HEX = 16

/** A change here makes every wallet of that kind another one to ledgers that are there. */
const identityOf = (
  connection: Connection,
  { nodeKey }: Pick<WalletInfo, 'nodeKey'>,
  secp: Pick<Secp256k1, 'agree' | 'publicKey'>,
): string => {
  switch (connection.kind) {
    // Both keys: a wallet may show each of its connections its own payments alone.
    case 'nwc': {
      const { wallet, secret } = parseNwcUri(connection.uri, secp)
      return `${wallet} ${toHex(secp.publicKey(secret))}`
    }
    // Many wallets share the node of one LNbits, and it says nothing else of them. It draws its keys, 122 bits.
    case 'lnbits':
      return secretly(connection.key) ?? connection.url
    // A macaroon that may not ask for the key of its node is an HMAC of lnd's own.
    case 'lnd':
      return nodeKey ?? secretly(connection.macaroon) ?? connection.url
    // Of play money that is a key for each account of each ledger.
    case 'sim':
      return nodeKey ?? `${connection.path} ${connection.account}`
    case 'cln':
    case 'phoenixd':
      return nodeKey ?? connection.url
    case 'address':
      return connection.address
  }
}

/** What stands for a secret that a machine drew; null for one that is short enough to be guessed. */
const secretly = (secret: string): string | null =>
  secret.length < LEAST_SECRET ? null : toHex(sha256(`fedai/1 wallet secret ${secret}`))

/** Hex digits. */
const LEAST_SECRET = 32
