import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Fault } from '../base/fault.ts'

export type LocalAnswer = Readonly<{ status: number; type: string; body: string }>

/** Longest path of a UNIX socket, bytes (unix(7) has 108 with the end; macOS 104). */
const PATH_BYTES = 103

/**
 * Answers HTTP GET on a UNIX socket that only this user can open. What an earlier process left there is
 * taken away: whoever calls this holds the lock of what the socket is named for.
 * @param answer undefined where there is no such page
 * @returns what closes it and takes the socket away
 * @throws Fault `io` `local.socket`
 */
export const serveLocal = (
  path: string,
  answer: (path: string) => LocalAnswer | undefined,
): (() => Promise<void>) => {
  if (Buffer.byteLength(path) > PATH_BYTES)
    throw unusable(path, `it is longer than the ${PATH_BYTES} bytes that a socket may have`)
  // Nobody may open it in the moment before chmod either.
  const umask = process.umask(0o077)
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    rmSync(path, { force: true })
    const server = Bun.serve({ unix: path, fetch: (request) => respond(request, answer) })
    chmodSync(path, 0o600)
    return () => server.stop(true)
  } catch (cause) {
    throw unusable(path, cause instanceof Error ? cause.message : String(cause))
  } finally {
    process.umask(umask)
  }
}

const respond = (request: Request, answer: (path: string) => LocalAnswer | undefined): Response => {
  if (request.method !== 'GET') return new Response('only GET\n', { status: 405 })
  const page = answer(new URL(request.url).pathname)
  if (!page) return new Response('there are /health, /ready and /metrics\n', { status: 404 })
  return new Response(page.body, { status: page.status, headers: { 'content-type': page.type } })
}

const unusable = (path: string, why: string): Fault =>
  new Fault('io', 'local.socket', `no socket at ${path}: ${why}`, {
    hint: 'check that the folder is yours, or set FEDAI_HOME to a shorter path',
  })
