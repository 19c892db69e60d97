import { concat, utf8 } from '../../src/engine/base/bytes.ts'

/** Pairs as lnd has them: `['invoices', 'read']`, `['uri', '/lnrpc.Lightning/AddInvoice']`. */
export type Permission = readonly [entity: string, action: string]

/** lnd's admin macaroon. */
export const EVERYTHING: readonly Permission[] = [
  'address',
  'info',
  'invoices',
  'macaroon',
  'message',
  'offchain',
  'onchain',
  'peers',
  'signer',
].flatMap((entity) => ['generate', 'read', 'write'].map((action) => [entity, action] as const))

/** A macaroon (version 2) that says it may do so; its signature is nobody's. In hex. */
export const macaroonOf = (permissions: readonly Permission[], seed = 7): string => {
  const operations = [...Map.groupBy(permissions, ([entity]) => entity)].map(([entity, all]) =>
    concat(proto(1, utf8(entity)), ...all.map(([, action]) => proto(2, utf8(action)))),
  )
  const identifier = concat(
    Uint8Array.of(3),
    proto(1, new Uint8Array(16).fill(seed)),
    proto(2, utf8('0')),
    ...operations.map((it) => proto(3, it)),
  )
  return concat(
    Uint8Array.of(2),
    field(1, utf8('lnd')),
    field(2, identifier),
    Uint8Array.of(0, 0),
    field(6, new Uint8Array(32).fill(seed)),
  ).toHex()
}

const field = (type: number, bytes: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(type), varint(bytes.length), bytes)

const proto = (number: number, bytes: Uint8Array): Uint8Array =>
  concat(Uint8Array.of((number << 3) | 2), varint(bytes.length), bytes)

const varint = (n: number): Uint8Array =>
  n < 128 ? Uint8Array.of(n) : concat(Uint8Array.of((n & 127) | 128), varint(n >> 7))
