/** The numbers of docs/protocol.md, section 2. They are written nowhere else. */
export const KINDS = {
  manifest: 36420,
  sheet: 36421,
  status: 36422,
  receipt: 4642,
  acknowledgement: 4643,
  draw: 4645,
  statement: 4646,
  ask: 26420,
  ticket: 26421,
  offers: 26422,
  job: 26423,
  progress: 26424,
  invoice: 26425,
  proof: 26426,
  cancel: 26427,
  register: 26430,
  revoke: 26431,
  quota: 26432,
  fund: 26433,
  paid: 26434,
  sync: 26435,
  /** The same number, for a tab: only ever sealed (money.ts). */
  tab_sync: 26435,
  rewrap: 26436,
  money: 26437,
} as const

/** NIP-42: the event that proves a key to a relay. */
export const AUTH_KIND = 22242

/** NIP-47: what goes between a wallet service and those who use it. Never through a door of ours. */
export const WALLET_EVENT_KINDS = {
  info: 13194,
  request: 23194,
  response: 23195,
  notification: 23197,
} as const

export type KindName = keyof typeof KINDS

/** What a relay does with a kind (NIP-01). */
export type KindClass = 'regular' | 'replaceable' | 'ephemeral' | 'addressable'

const names = new Map<number, KindName>(
  Object.entries(KINDS)
    .filter(([name]) => name !== 'tab_sync')
    .map(([name, kind]) => [kind, name as KindName]),
)

/** The name of one of our kinds, or undefined for all others. */
export const kindName = (kind: number): KindName | undefined => names.get(kind)

export const kindClass = (kind: number): KindClass => {
  if (kind >= 30000 && kind < 40000) return 'addressable'
  if (kind >= 20000 && kind < 30000) return 'ephemeral'
  if (kind === 0 || kind === 3 || (kind >= 10000 && kind < 20000)) return 'replaceable'
  return 'regular'
}
