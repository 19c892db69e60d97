// `fedai pay INVOICE` before the eyes of a person: the question, and memos that would rather be something else.
import { describe, expect, test } from 'bun:test'
import { invoiceWithMemo, openShop } from './pay.ts'

const { fedai, here, shop, pay } = await openShop()

describe('a memo that steers', () => {
  const MEMO = `\u001b[2J\u001b]0;x\u0007coffee\npays 1 sat\u202e\u2066\u009b31m\u200b${'\u{e0041}'}`

  test('is one line that cannot, and whole in JSON', async () => {
    const invoice = invoiceWithMemo(MEMO)
    const { code, stdout, stderr } = await pay('--dry-run', invoice)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain('\nmemo     “\ufffdcoffee pays 1 sat\ufffd')
    expect(stderr.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
    const json = (await pay('--dry-run', '--json', invoice)).stdout
    expect(JSON.parse(json).memo).toBe(MEMO)
    expect(json.trimEnd()).not.toMatch(/\p{C}/u)
  })
})

describe('on a terminal', () => {
  /** Answers the question that comes, and gives what was on the screen. */
  const asked = async (
    invoice: string,
    answer: string,
    meanwhile?: () => Promise<unknown>,
    term = 'xterm-256color',
  ) => {
    let screen = ''
    const child = Bun.spawn([fedai, 'pay', invoice], {
      cwd: here.folder,
      env: { PATH: process.env['PATH'], FEDAI_HOME: here.home, TERM: term },
      terminal: {
        cols: 120,
        rows: 40,
        data: (_, bytes) => void (screen += new TextDecoder().decode(bytes)),
      },
    })
    while (!screen.includes('cannot be undone')) await Bun.sleep(10)
    await meanwhile?.()
    child.terminal!.write(answer)
    return { code: await child.exited, screen }
  }

  test('it asks; the default is no', async () => {
    const invoice = await shop.invoice(2)
    const had = await shop.has()
    expect(await asked(invoice, '\r')).toMatchObject({
      code: 130,
      screen: expect.stringContaining('nothing was paid'),
    })
    expect(await asked(invoice, '\u0003')).toMatchObject({ code: 130 })
    expect(await shop.has()).toBe(had)
    const { code, screen } = await asked(invoice, 'y')
    expect(code).toBe(0)
    expect(screen).toMatch(/memo +none in the invoice/)
    expect((await shop.has()) - had).toBe(2_000n)
  }, 30_000)

  test('where the cursor cannot be moved it asks in a plain line', async () => {
    const invoice = await shop.invoice(3)
    const had = await shop.has()
    expect(await asked(invoice, '\r', undefined, 'dumb')).toMatchObject({ code: 130 })
    expect(await asked(invoice, '\u0003', undefined, 'dumb')).toMatchObject({ code: 130 })
    const { code, screen } = await asked(invoice, 'y\r', undefined, 'dumb')
    expect(code).toBe(0)
    expect(screen).toContain('as it is [y/N] y\r\n')
    expect(screen).not.toContain('\u001b')
    expect((await shop.has()) - had).toBe(3_000n)
  }, 30_000)

  test('a yes that comes after another process paid it pays nothing', async () => {
    const invoice = await shop.invoice(6)
    const had = await shop.has()
    const { code, screen } = await asked(invoice, 'y', () => pay('--yes', invoice))
    expect({ code, screen }).toEqual({ code: 0, screen: expect.stringContaining('paid before') })
    expect((await shop.has()) - had).toBe(6_000n)
  }, 30_000)
})
