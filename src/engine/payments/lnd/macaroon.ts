import { fromHex, fromUtf8 } from '../../base/bytes.ts'

/**
 * Whether a macaroon lets somebody spend, by what stands in it. lnd would have to be asked with a request that
 * spends, and for every way in which it can.
 *
 * A macaroon (libmacaroons, version 2) has an identifier, which lnd writes as macaroon-bakery does: a version and
 * a protobuf with the operations that are allowed. Caveats only take away. Nobody can widen it without lnd's
 * root key, so what it says of itself holds.
 *
 * @returns null where it cannot be read
 */
export const canSpend = (macaroon: string): boolean | null => {
  try {
    const operations = operationsIn(identifierIn(fromHex(macaroon)))
    return operations.length === 0 ? null : !operations.every(isHarmless)
  } catch {
    return null
  }
}

type Operation = Readonly<{ entity: string; actions: readonly string[] }>

/** What takes no money out, by entity. Anything else is taken to: what a later lnd adds, too. */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  invoices: /^(read|write)$/,
  address: /^(read|write)$/,
  info: /^read$/,
  offchain: /^read$/,
  onchain: /^read$/,
  peers: /^read$/,
  macaroon: /^read$/,
  signer: /^read$/,
  message: /^(read|write)$/,
  uri: /^\/(invoicesrpc\.Invoices\/\w+|lnrpc\.State\/\w+|routerrpc\.Router\/TrackPayment\w*|lnrpc\.Lightning\/(AddInvoice|(List|Lookup|Subscribe)\w+|Decode\w+|Get\w+|PendingChannels|ChannelBalance|WalletBalance|CheckMacaroonPermissions))$/,
}

const isHarmless = ({ entity, actions }: Operation): boolean =>
  actions.length > 0 && actions.every((action) => HARMLESS[entity]?.test(action))

const IDENTIFIER = 2
const BAKERY_VERSION = 3

const identifierIn = (bytes: Uint8Array): Uint8Array => {
  if (bytes[0] !== 2) throw new RangeError('no macaroon of version 2')
  const at = reader(bytes, 1)
  while (at.more()) {
    const type = at.number()
    const field = at.field()
    if (type === IDENTIFIER) return field
  }
  throw new RangeError('no identifier')
}

const operationsIn = (identifier: Uint8Array): Operation[] => {
  if (identifier[0] !== BAKERY_VERSION) throw new RangeError('another identifier')
  return fieldsIn(identifier, 1)
    .filter(([number]) => number === 3)
    .map(([, bytes]) => {
      const fields = fieldsIn(bytes, 0)
      const texts = (wanted: number) =>
        fields.filter(([number]) => number === wanted).map(([, it]) => fromUtf8(it))
      return { entity: texts(1)[0] ?? '', actions: texts(2) }
    })
}

/** The fields of a protobuf in which all are bytes (wire type 2). */
const fieldsIn = (bytes: Uint8Array, from: number): [number: number, bytes: Uint8Array][] => {
  const fields: [number, Uint8Array][] = []
  const at = reader(bytes, from)
  while (at.more()) {
    const key = at.number()
    if ((key & 7) !== 2) throw new RangeError('a field that is no bytes')
    fields.push([key >> 3, at.field()])
  }
  return fields
}

const reader = (bytes: Uint8Array, from: number) => {
  let at = from
  const number = (): number => {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[at++]
      if (byte === undefined) throw new RangeError('it ends within a number')
      value |= (byte & 127) << shift
      if (byte < 128) return value
    }
    throw new RangeError('a number that is too long')
  }
  return {
    more: () => at < bytes.length,
    number,
    field: (): Uint8Array => {
      const length = number()
      if (at + length > bytes.length) throw new RangeError('it ends within a field')
      at += length
      return bytes.subarray(at - length, at)
    },
  }
}
