import type { Database } from 'bun:sqlite'
import { toHex } from '../../base/bytes.ts'
import { type Msat, msat } from '../../base/money.ts'
import type { Net } from '../../protocol/event.ts'
import type { Secp256k1 } from '../../identity/seams.ts'
import { readDatabase } from '../../storage/reading.ts'
import { checkKind } from '../open-net.ts'
import type { WalletInfo } from '../wallet.ts'
import { nodeSecret } from './accounts.ts'
import { CAPS, type SimAccount } from './open.ts'
import { MAGIC, MIGRATIONS } from './schema.ts'

/**
 * Looks at an account of play money and writes nothing: neither ledger nor account is made.
 * @param of.account empty where it has no name yet
 * @returns `balance` msat, null where there is no such account yet; its node's key, null where there is no ledger
 * @throws Fault `config` `wallet.net` on every net but `sim`; those of readDatabase
 */
export const viewSim = (
  { path, account }: SimAccount,
  { secp, net }: Readonly<{ secp: Secp256k1; net: Net }>,
): { info: WalletInfo; balance: Msat | null } => {
  checkKind('sim', net)
  const found = readDatabase(path, MIGRATIONS, (db) => {
    const row = rowOf<{ id: Uint8Array }>(db, 'SELECT id FROM network WHERE magic = ?', MAGIC)
    const has = rowOf<{ msat: bigint }>(db, 'SELECT msat FROM accounts WHERE name = ?', account)
    return row && { network: new Uint8Array(row.id), balance: has && msat(has.msat) }
  })
  const isKnown = found !== null && account !== ''
  const nodeKey = isKnown ? toHex(secp.point(nodeSecret(found.network, account))) : null
  const info: WalletInfo = { kind: 'sim', net: 'sim', nodeKey, caps: CAPS }
  return { info, balance: found?.balance ?? null }
}

const rowOf = <Row>(db: Database, sql: string, value: string): Row | null => {
  const statement = db.prepare<Row, [string]>(sql)
  statement.safeIntegers(true)
  try {
    return statement.get(value)
  } finally {
    statement.finalize()
  }
}
