import type { Signer } from '../../identity/seams.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { ClientMoney } from './money.ts'
import type { Purse } from './purse-seam.ts'

/**
 * With the tab off the session key pays nodes; packs of the router's are kept. What is known of a node's word is
 * known of it under any key.
 */
export const paidBy = (
  signer: Signer,
  purse: Purse,
  router: PubKey,
  isOff: () => boolean,
): Pick<ClientMoney, 'tab' | 'view' | 'others'> => ({
  tab: (key) => (key === router || !isOff() ? purse.tab(key) : signer),
  others: (node) => (isOff() ? 0n : purse.drawnByOthers(node)),
  view: (node) => {
    if (node === router || !isOff()) return purse.view(node)
    const own = purse.view(node, signer.pubkey)
    return { ...own, broken: own.broken || purse.view(node).broken }
  },
})
