// Who sees what of money: a router sees none of it, and no log, error or piece of news has a secret of a wallet's.
import { describe, expect, test } from 'bun:test'
import { toHex, utf8 } from '../../../src/engine/base/bytes.ts'
import { Fault } from '../../../src/engine/base/fault.ts'
import type { Log } from '../../../src/engine/base/log.ts'
import { MONEY_KINDS } from '../../../src/engine/protocol/money.ts'
import { ANYWHERE } from '../../../src/engine/protocol/where.ts'
import { ended, paying } from '../paying.ts'
import { outcomeOf, wish } from './cast.ts'
import { addPaidNode, lettersTo, moneyScene, tabAt, tabKey } from './money-scene.ts'
import { eventsTo, unharmed } from './scene.ts'

test('attack 27: a router knows no tab, no terms and no invoice: not in traffic, memory, disk or log', () => {
  const it = moneyScene()
  const known: string[] = []
  it.stage.tampers.push(() => void known.push(dump(it.router.state)))
  const jobs = [1, 2, 3].map(() => wish(it.stage, it.client, { outTokens: 2_000 }))
  it.stage.advance(5_000)
  unharmed(it.stage)
  for (const job of jobs) expect(outcomeOf(it.stage, job).fault).toBeNull()
  const crossed = it.router.heard.map((parcel) =>
    parcel.kind === 'frame'
      ? toHex(parcel.bytes)
      : parcel.kind === 'event'
        ? parcel.text
        : parcel.message,
  )
  const all = [...crossed, ...known, dump(it.router.disk), dump(it.router.logged)].join('\n')
  const invoices = [...it.mint.made]
  const secrets = [
    tabKey(it).pubkey,
    'cum_used_msat',
    ...invoices.flatMap(([hash, { bolt11 }]) => [hash, bolt11, bolt11.slice(20, 60)]),
    ...it.mint.stores
      .get(it.node)!
      .money.statements(it.node.signer.pubkey, tabKey(it).pubkey, 1, 9)
      .map(({ id }) => id),
  ]
  expect(secrets.length).toBeGreaterThan(6)
  for (const secret of secrets)
    for (const form of [secret, toHex(utf8(secret)), utf8(secret).toBase64().slice(0, -4)])
      expect(all.includes(form)).toBe(false)
  // The same search finds them where they must be.
  const own = dump(it.node.state.till)
  expect(own).toContain(tabKey(it).pubkey)
  expect(own).toContain(tabAt(it)!.key)
})

test('attack 27: the tabs of one client at two nodes have nothing in common', () => {
  const it = moneyScene()
  const { stage, router, mint, client } = it
  const nodes = [it.node, addPaidNode(stage, router, mint)] as const
  for (const { signer } of [...nodes, ...nodes]) {
    const job = wish(stage, client, { where: { ...ANYWHERE, allow: [signer.pubkey] } })
    stage.advance(2_000)
    expect(outcomeOf(stage, job)).toMatchObject({ fault: null, node: signer.pubkey })
  }
  unharmed(stage)
  // What only one of them may know: the key of the tab, what was said of it, what it is paid by.
  const known = nodes.map((node) => {
    const { tabs } = node.state.till!.tabs
    const said = mint.stores
      .get(node)!
      .money.statements(node.signer.pubkey, [...tabs.keys()][0]!, 1, 9)
    const made = [...mint.made].filter(([, its]) => its.node === node)
    expect([tabs.size, said.length, made.length]).toEqual([1, 2, 1])
    return [
      ...tabs.keys(),
      ...said.map(({ id }) => id),
      ...made.flatMap(([hash, { bolt11 }]) => [hash, bolt11]),
    ]
  })
  // All that each of them has or heard, its letters opened.
  const has = nodes.map((node) => {
    const letters = MONEY_KINDS.flatMap((name) => lettersTo(node, name))
    const { till, jobs } = node.state
    return dump([till, jobs, node.disk, node.runs, letters, eventsTo(node, 'job')])
  })
  for (const [n, secrets] of known.entries()) {
    for (const secret of secrets) expect(has[1 - n]!.includes(secret)).toBe(false)
    // The same search finds the tab where it must be.
    expect(has[n]!.includes(secrets[0]!)).toBe(true)
  }
  // And neither is a key by which the client signs anything else.
  expect(known.flat()).not.toContain(client.signer.pubkey)
})

test('attack 27: nor have the keys that a purse makes for them, which are the same after a restart', async () => {
  const { it, client } = await paying({ nodes: 2 })
  const nodes = it.nodes.map(({ signer }) => signer.pubkey)
  const pay = async (by: typeof client) => {
    for (const node of nodes) {
      const asked = it.request(by, { where: { ...ANYWHERE, allow: [node] } })
      await ended(it, asked)
      expect(asked.outcome).toMatchObject({ fault: null, node })
    }
    return it.nodes.map(({ store, signer }) =>
      store.money.tabs(signer.pubkey).map(({ key }) => key),
    )
  }
  const tabs = await pay(client)
  expect(tabs.map(({ length }) => length)).toEqual([1, 1])
  const [party] = it.clients
  expect(new Set([...tabs.flat(), party!.signer.pubkey, ...nodes]).size).toBe(5)
  it.kill(party!)
  await it.startClient(party!)
  await it.clock.advance(1_000)
  expect(await pay(party!.client!)).toEqual(tabs)
  await it.close()
})

describe('attack 26: a wallet that says its secrets', () => {
  const CANARY = 'Kanarienvogel-0201036c6e64'
  const fault = () =>
    new Fault('unavailable', 'wallet.unreachable', `https://user:${CANARY}@host said ${CANARY}`, {
      hint: CANARY,
    })
  const said = async (side: 'wrapPayer' | 'wrapWallet', error: Error) => {
    const lines: string[] = []
    const write: Log['info'] = (event, fields) => void lines.push(event + dump(fields))
    const log: Log = { info: write, warn: write, error: write }
    const fails = () => Promise.reject(error)
    const { it, client } = await paying({ log }, ({ bank }) => {
      bank![side] = ((inner: object) =>
        side === 'wrapPayer'
          ? { ...inner, pay: fails, payStatus: fails }
          : { ...inner, createInvoice: fails, lookup: fails }) as never
    })
    const asked = it.request(client, {})
    await ended(it, asked)
    const { outcome } = asked
    expect(outcome?.fault).toBeTruthy()
    expect(lines.join('\n')).toContain(side === 'wrapWallet' ? 'wallet.failed' : '')
    const { fault: told } = outcome!
    const all = [
      ...lines,
      dump(asked.news),
      `${told!.message} ${told!.hint} ${told!.stack} ${String(told!.cause)}`,
      dump(it.clients[0]!.store.money.payments(10)),
      dump(it.recorded.events),
    ].join('\n')
    await it.close()
    return all
  }

  test.each(['wrapPayer', 'wrapWallet'] as const)(
    '%s: in none of its errors is it heard',
    async (side) => {
      for (const error of [fault(), new Error(CANARY)])
        expect(await said(side, error)).not.toContain(CANARY)
    },
  )
})

test('attack 8: no preimage is in any log, letter or row before its payment has settled', async () => {
  const lines: string[] = []
  const write: Log['info'] = (event, fields) => void lines.push(event + dump(fields))
  const log: Log = { info: write, warn: write, error: write }
  const { it, client } = await paying({ log })
  const asked = it.request(client, {})
  await ended(it, asked)
  expect(asked.outcome?.fault).toBeNull()
  const [payment] = it.clients[0]!.store.money.payments(1)
  expect(payment!.preimage).toMatch(/^[0-9a-f]{64}$/)
  const seen = [...lines, dump(it.recorded.events), dump(asked.news), dump(asked.outcome)].join(
    '\n',
  )
  expect(seen).not.toContain(payment!.preimage!)
  expect(lines.length).toBeGreaterThan(0)
  await it.close()
})

/** All that a state holds, bytes as hex. */
const dump = (value: unknown): string =>
  JSON.stringify(value, (_, it: unknown) => {
    if (it instanceof Uint8Array) return toHex(it)
    if (it instanceof Map) return [...it]
    if (it instanceof Set) return [...it]
    return typeof it === 'bigint' ? String(it) : it
  }) ?? ''
