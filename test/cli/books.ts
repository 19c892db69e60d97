// The ledgers of processes that have ended, or died.
import { join } from 'node:path'
import { unixMs } from '../../src/engine/base/clock.ts'
import type { SignedStatement, Tab } from '../../src/engine/metering/tab-rows.ts'
import type { Net } from '../../src/engine/protocol/event.ts'
import type { PubKey } from '../../src/engine/protocol/ids.ts'
import type { Entry } from '../../src/engine/spending/journal-rows.ts'
import type { TabView } from '../../src/engine/spending/ledger.ts'
import { openStore } from '../../src/engine/storage/sqlite.ts'
import type { Kept } from '../../src/engine/storage/store.ts'
import type { Place } from './cli.ts'
import { parseNpub } from '../../src/engine/identity/keys.ts'

const MOST = 100_000

export type NodeBooks = Readonly<{
  node: PubKey
  tabs: readonly Tab[]
  /** By tab key, from the first on. */
  statements: ReadonlyMap<string, readonly SignedStatement[]>
  kept: readonly Kept[]
}>

/** What the only node of a home has written. It must have ended. */
export const readNode = async (at: Place): Promise<NodeBooks> => {
  const [path, ...more] = [...new Bun.Glob('state/node/*/ledger.db').scanSync(at.home)]
  if (!path || more.length > 0)
    throw new Error(`${more.length + (path ? 1 : 0)} nodes in ${at.home}`)
  const node = parseNpub(path.split('/')[2]!)
  const store = await openStore(join(at.home, path))
  try {
    const tabs = store.money.tabs(node)
    const statements = new Map(
      tabs.map(({ key }) => [key, store.money.statements(node, key, 1, MOST)]),
    )
    return { node, tabs, statements, kept: store.newest(MOST) }
  } finally {
    await store.close()
  }
}

export type UserBooks = Readonly<{ payments: readonly Entry[]; views: readonly TabView[] }>

/** What the user of a home has paid, the newest first, and counts at nodes. */
export const readUser = async (at: Place, net: Net): Promise<UserBooks> => {
  const store = await openStore(join(at.home, 'state', 'client', net, 'ledger.db'))
  try {
    const { views } = store.money.spending(unixMs(0))
    return { payments: store.money.payments(MOST), views }
  } finally {
    await store.close()
  }
}
