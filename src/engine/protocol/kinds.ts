/** The numbers of docs/protocol.md, section 2. They are written nowhere else. */
export const KINDS = {
  manifest: 36420,
  sheet: 36421,
  status: 36422,
  receipt: 4642,
  acknowledgement: 4643,
  ask: 26420,
  ticket: 26421,
  offers: 26422,
  job: 26423,
  progress: 26424,
  cancel: 26427,
  register: 26430,
  revoke: 26431,
  quota: 26432,
  sync: 26435,
  rewrap: 26436,
} as const

/** NIP-42: the event that proves a key to a relay. */
export const AUTH_KIND = 22242

export type KindName = keyof typeof KINDS

/** What a relay does with a kind (NIP-01). */
export type KindClass = 'regular' | 'replaceable' | 'ephemeral' | 'addressable'

const names = new Map<number, KindName>(
  Object.entries(KINDS).map(([name, kind]) => [kind, name as KindName]),
)

/** The name of one of our kinds, or undefined for all others. */
export const kindName = (kind: number): KindName | undefined => names.get(kind)

export const kindClass = (kind: number): KindClass => {
  if (kind >= 30000 && kind < 40000) return 'addressable'
  if (kind >= 20000 && kind < 30000) return 'ephemeral'
  if (kind === 0 || kind === 3 || (kind >= 10000 && kind < 20000)) return 'replaceable'
  return 'regular'
}
