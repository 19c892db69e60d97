// `fedai pay INVOICE` where nobody can say how it ended: 80, and what to do then.
import { describe, expect, test } from 'bun:test'
import { openShop } from './pay.ts'

const { here, shop, pay, json } = await openShop()

describe('an end that is not known', () => {
  test('80 after the wait, never paid again, and resolve settles it', async () => {
    const held = await shop.held(9)
    const had = await shop.has()
    const stuck = await json('--yes', '--wait', '1s', held.bolt11)
    expect(stuck).toMatchObject({
      code: 80,
      said: { status: 'unknown', preimage: null, error: { code: 'payment.unknown' } },
      error: { code: 'payment.unknown', hint: 'do not pay again; run: fedai pay resolve' },
    })
    expect((await json('--yes', '--wait', '1s', held.bolt11)).code).toBe(80)
    const looked = await json('--dry-run', held.bolt11)
    expect(looked).toMatchObject({ code: 80, said: { status: 'unknown' } })
    expect((await pay('--dry-run', held.bolt11)).stderr).not.toContain('waiting for its end')
    // Another account would not know of it, though the one that does has no file.
    const other = `sim:${here.home}/state/play-money.db?account=other`
    const connected = await here.run(['pay', 'connect', '--yes'], { stdin: other })
    expect(connected).toMatchObject({ code: 80, stderr: expect.stringContaining('pay resolve') })
    const status = (await json('status')).said
    expect(status.open).toMatchObject([{ amount_msat: '9000', state: 'inflight' }])
    const still = await json('resolve')
    expect(still).toMatchObject({ code: 80, said: { open: 1 } })
    expect(still.error.hint).toContain('do not pay again')
    await held.settle()
    expect(await json('resolve')).toMatchObject({
      code: 0,
      said: { open: 0, payments: [{ state: 'settled', amount_msat: '9000' }] },
    })
    expect((await pay('resolve')).stderr).toContain('no payment is open')
    expect(await pay('--yes', held.bolt11)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('paid before'),
    })
    expect((await shop.has()) - had).toBe(9_000n)
  }, 30_000)

  test('Ctrl-C while it is on its way: 80 and what to do, then what came of it', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const held = await shop.held(4)
      const running = here.start(['pay', '--yes', held.bolt11])
      await held.paid()
      running.signal(signal)
      const { code, stdout, stderr } = await running.done
      expect({ signal, code, stdout }).toEqual({ signal, code: 80, stdout: '' })
      expect(stderr).toMatch(/left while 4 sat of play money was on its way[\s\S]*pay resolve\n$/)
      await held.cancel()
      expect(await json('resolve')).toMatchObject({
        code: 0,
        said: { payments: [{ state: 'failed', reason: 'rejected' }] },
      })
    }
  }, 30_000)
})
