import { Command } from '@commander-js/extra-typings'
import { expect, test } from 'bun:test'
import { checkBefore, invoiceIn } from './words.ts'

const command = new Command('pay').addCommand(new Command('status'))

test('an invoice, stdin, or a word that is neither', async () => {
  expect(await invoiceIn(['-'], command)).toBe('-')
  expect(await invoiceIn(['lnbc1abcdefghij'], command)).toBe('lnbc1abcdefghij')
  expect(await invoiceIn(['lightning:lnbc1abc'], command)).toBe('lightning:lnbc1abc')
  await expect(invoiceIn(['stats'], command)).rejects.toMatchObject({
    code: 'usage.unknown_command',
    hint: 'try: pay status',
  })
  await expect(invoiceIn(['lnbc1abcdefghij', 'lnbc1abcdefghij'], command)).rejects.toMatchObject({
    code: 'pay.two_invoices',
  })
})

const SECRETS = [
  'nostr+walletconnect://ab?relay=wss://r&secret=CANARY',
  'lndconnect://h:1?macaroon=CANARY',
  'clnrest+https://h?rune=CANARY',
  'phoenixd+http://:CANARY@h:9740',
  'lnbits+https://h?key=CANARY',
  'secret=CANARY',
]
test.each(SECRETS)('what may be a credential is refused and not repeated (%#)', async (word) => {
  for (const words of [[word], ['conect', word], ['lnbc1abcdefghij', word]]) {
    const fault = await invoiceIn(words, command).catch((it) => it)
    expect(fault).toMatchObject({ kind: 'usage', code: 'pay.secret_argument' })
    expect(`${fault.message}${fault.hint}`).not.toContain('CANARY')
  }
})

test('an option before the word of a command is no slip that passes', () => {
  expect(() => checkBefore({}, 'status')).not.toThrow()
  expect(() => checkBefore({ maxFee: '1sat' }, 'status')).toThrow(/--max-fee stands before status/)
})
