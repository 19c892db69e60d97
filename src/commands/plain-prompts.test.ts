import { expect, test } from 'bun:test'
import { EventEmitter } from 'node:events'
import { plainPrompts } from './plain-prompts.ts'

/** A person who types these lines, one for each question; and all that was written. */
const typing = (...lines: string[]) => {
  let written = ''
  const raw: boolean[] = []
  const stdin = Object.assign(new EventEmitter(), {
    pause: () => stdin,
    resume: () => {
      const next = lines.shift()
      queueMicrotask(() => (next === undefined ? stdin.emit('end') : stdin.emit('data', next)))
      return stdin
    },
    setRawMode: (on: boolean) => (raw.push(on), stdin),
  })
  const stderr = { write: (text: string) => (written += text) }
  const prompts = plainPrompts({ stdin, stderr } as never)
  return { prompts, written: () => written, raw }
}

test('no is the default, and what is neither is asked again', async () => {
  for (const [line, is] of [
    ['\r', false],
    ['y\r', true],
    ['Yes\r', true],
    ['n\r', false],
    ['\u0003', null],
    ['\u0004', null],
  ] as const)
    expect(await typing(line).prompts.confirm({ message: 'Pay?' })).toBe(is)
  expect(await typing().prompts.confirm({ message: 'Pay?' })).toBeNull()
  const it = typing('perhaps\r', 'y\r')
  expect(await it.prompts.confirm({ message: 'Pay 1 sat?' })).toBe(true)
  expect(it.written()).toBe('Pay 1 sat? [y/N] perhaps\nwrite y or n\nPay 1 sat? [y/N] y\n')
  // The terminal is as it was, whatever was typed.
  expect(it.raw).toEqual([true, false, true, false])
})

test('what is secret is not shown, however it is typed, and no cursor is moved', async () => {
  const it = typing('canary-1\u007f\u007f-2\r')
  expect(await it.prompts.password({ message: 'Connection string' })).toBe('canary-2')
  expect(it.written()).toBe('Connection string: \n')
})

test('a name has its default, a choice its number', async () => {
  const text = { message: 'Name?', defaultValue: 'me' }
  expect(await typing('\r').prompts.text(text)).toBe('me')
  expect(await typing('ann\r').prompts.text(text)).toBe('ann')
  const choice = {
    message: 'Which?',
    options: [
      { value: 'new', label: 'a new one', hint: 'default' },
      { value: 'file', label: 'mine', hint: 'in a file' },
    ] as const,
    initialValue: 'new' as const,
  }
  expect(await typing('\r').prompts.select(choice)).toBe('new')
  expect(await typing('7\r', '2\r').prompts.select(choice)).toBe('file')
  const it = typing('\r')
  await it.prompts.select(choice)
  expect(it.written()).not.toContain('\u001b')
})
