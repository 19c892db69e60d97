import { eventText } from '../../../src/engine/protocol/event.ts'
import { NODE, STRANGER, altered } from '../samples.ts'
import { party } from '../parties.ts'
import { type Hostile, type Row, all, taggedText } from './case.ts'

/** Rule 3. */
export const address = (): Hostile[] => {
  const kinds = [0, 1, 4, 1059, 4641, 22242, 26428, 26438, 36423, 65535]
  return [
    ...all(
      'event.unknown_kind',
      kinds.map((kind): Row => [`kind ${kind}`, eventText(altered('cancel', { kind }))]),
    ),
    ...all('event.wrong_net', [
      ['another net', taggedText('cancel', [['net', 'mainnet']], 'net')],
      ['no net', taggedText('cancel', [], 'net')],
      ['an unknown net', taggedText('cancel', [['net', 'signet']], 'net')],
      ['two nets, one ours', taggedText('cancel', [['net', 'mainnet']])],
      ['ours twice', taggedText('cancel', [['net', 'sim']])],
      ['a net tag without value', taggedText('cancel', [['net']], 'net')],
      ['upper case', taggedText('cancel', [['net', 'SIM']], 'net')],
      ['another net on a public kind', taggedText('sheet', [['net', 'testnet']], 'net')],
    ]),
    ...all('event.unknown_version', [
      ['version 2', taggedText('cancel', [['v', '2']], 'v')],
      ['no version', taggedText('cancel', [], 'v')],
      ['two versions', taggedText('cancel', [['v', '2']])],
      ['version 1.0', taggedText('cancel', [['v', '1.0']], 'v')],
      ['version 01', taggedText('cancel', [['v', '01']], 'v')],
    ]),
    ...all('event.not_for_us', [
      ['addressed to a stranger', taggedText('cancel', [['p', STRANGER.pubkey]], 'p')],
      ['addressed to nobody', taggedText('cancel', [], 'p')],
      ['addressed to two, one of them us', taggedText('cancel', [['p', STRANGER.pubkey]])],
      ['addressed to us twice', taggedText('cancel', [['p', NODE.pubkey]])],
      ['a receipt for strangers', taggedText('receipt', [['p', party('else').pubkey]], 'p')],
      ['a ticket for another router', taggedText('ticket', [['p', STRANGER.pubkey]], 'p')],
    ]),
  ]
}
