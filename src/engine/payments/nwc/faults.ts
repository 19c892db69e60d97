import { Fault } from '../../base/fault.ts'
import { nonsense, refused } from '../http.ts'
import type { NwcClient } from './client.ts'
import type { Outcome } from './sealed.ts'

type Named = Pick<NwcClient, 'name'>
type NotDone = Exclude<Outcome, { state: 'done' }>

/**
 * The result of a call.
 * @throws Fault `unavailable` `wallet.unreachable` | `wallet.refused` | `wallet.answer`, `config` `wallet.credential`
 */
export const resultOf = async (
  client: NwcClient,
  method: string,
  params: object,
): Promise<Readonly<Record<string, unknown>>> => {
  const outcome = await client.call(method, params)
  if (outcome.state === 'done') return outcome.result
  throw faultOf(client, method, outcome)
}

/** What an outcome means to one who wanted a result. */
export const faultOf = (from: Named, method: string, outcome: NotDone): Fault => {
  switch (outcome.state) {
    case 'silent':
      return new Fault(
        'unavailable',
        'wallet.unreachable',
        `${from.name} does not answer: ${outcome.why}`.slice(0, 280),
        { hint: 'see that the wallet runs and is connected to its relay' },
      )
    case 'nonsense':
      return nonsense(from, 'something that makes no sense')
    case 'error':
      return errorOf(from, method, outcome.code, outcome.message)
  }
}

const errorOf = (from: Named, method: string, code: string, message: string): Fault => {
  if (code === 'UNSUPPORTED_ENCRYPTION') return onlyNip04(from)
  if (FORBIDDEN.has(code)) return forbidden(from, [method])
  const words = [clean(code, 40), clean(message, 100)].filter(Boolean).join(', ')
  return refused(from, `refuses ${method}${words && `: ${words}`}`)
}

/** The codes by which NIP-47 says that this connection may not do that, today or ever. */
export const FORBIDDEN: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'RESTRICTED',
  'NOT_IMPLEMENTED',
  'UNSUPPORTED_ENCRYPTION',
])

export const forbidden = (from: Named, methods: readonly string[]): Fault =>
  new Fault(
    'config',
    'wallet.credential',
    `${from.name} does not let this connection use ${methods.join(', ')}`,
    { hint: `make a connection in the wallet that may use ${methods.join(', ')}` },
  )

export const onlyNip04 = (from: Named): Fault =>
  new Fault(
    'config',
    'wallet.credential',
    `${from.name} speaks only the old encryption (NIP-04), which proves no message to be whole`,
    { hint: 'update the wallet to one that speaks NIP-44, or connect another' },
  )

// A wallet may quote what it was sent, or a preimage: nothing passes that is as long as a secret.
const clean = (words: string, most: number): string =>
  words
    .replace(/[\w+/=-]{24,}/g, '…')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, most)
