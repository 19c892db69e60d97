// What the tests of a router’s own fee stand on.
import { msat } from '../../src/engine/base/money.ts'
import type { Client, Wish } from '../../src/engine/roles/client/news.ts'
import { ended } from './paying.ts'
import type { Asked, World } from './world.ts'

export const FEE = { pack: 10_000n, routes: 4 }
export const ROUTE = msat(2_500n)

/** What the router knows of its packs, in routes. */
export const packsOf = (it: World) => {
  const { store, signer } = it.routerParty
  return store.money
    .tabs(signer.pubkey)
    .map(({ paid, used }) => [Number(paid / ROUTE), Number(used / ROUTE)])
}

/** What the client's own books say of the same. */
export const viewOf = (it: World) => {
  const { paid, used } = it.bank!.purseOf.get('client 0')!.view(it.routerParty.signer.pubkey)
  return [Number(paid / ROUTE), Number(used / ROUTE)]
}

export const serve = async (
  it: World,
  client: Client,
  wish: Partial<Wish> = {},
): Promise<Asked> => {
  const asked = it.request(client, wish)
  await ended(it, asked)
  await it.clock.advance(100)
  return asked
}

export const codeOf = (asked: Asked) => asked.outcome?.fault?.code ?? null
export const has = (it: World, who: string) => it.bank!.balance(who, it.clock)
