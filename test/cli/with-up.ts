// A real `fedai up` with a chat model that is a fake, and a folder that would like to run code of its own.
import { expect } from 'bun:test'
import { type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { type Place, type Running, binary, place } from './cli.ts'

export type WithUp = Readonly<{
  fedai: string
  here: Place
  server: FakeOpenai
  up: Running
  /** Ends it, and holds that it ended well and ran none of the folder's code. */
  end(): Promise<void>
}>

/** @param words what the model says; its usual words where they are left out */
export const withUp = async (words?: readonly string[]): Promise<WithUp> => {
  const fedai = await binary()
  const here = place(fedai)
  const server = fakeOpenai(words && { words })
  const up = here.start(['up', '--port', '0', '--runner', `openai=${server.url}`])
  await up.until(/^try:/m)
  const end = async (): Promise<void> => {
    up.signal('SIGINT')
    const { code } = await up.done
    await server.stop()
    expect(code).toBe(0)
    expect(await here.sprung()).toBe(false)
    here[Symbol.dispose]()
  }
  return { fedai, here, server, up, end }
}
