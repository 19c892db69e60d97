import { expect, test } from 'bun:test'
import type { Fault } from '../base/fault.ts'
import { parseConnection } from './connection.ts'

const read = (text: string): unknown => {
  try {
    return parseConnection(text)
  } catch (error) {
    const { kind, code, message } = error as Fault
    return [kind, code, message]
  }
}
const wrong = (scheme: string) => [
  'usage',
  'wallet.connection',
  `a connection string of the form ${scheme}:… lacks a part or has one that is wrong`,
]

test.each([
  ['sim:/tmp/a%20b?account=mira', { kind: 'sim', path: '/tmp/a b', account: 'mira' }],
  ['sim:/tmp/a%zz?account=mira', wrong('sim')],
  ['sim:/tmp/a%00b?account=mira', wrong('sim')],
  ['sim:/tmp/a\0b?account=mira', wrong('sim')],
  ['phoenixd+http://:p%25w@host:1', { kind: 'phoenixd', url: 'http://host:1', password: 'p%w' }],
  ['phoenixd+http://:canary%zz@host:1', wrong('phoenixd+http')],
])('%j', (text, found) => expect(read(text)).toEqual(found))
