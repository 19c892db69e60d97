import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from './certificate.ts'

/** What a fake wallet's server does instead of its work. */
export type Mood = 'works' | 'refuses' | 'talks nonsense' | 'hangs up' | 'fails'

export type FakeServer = Readonly<{
  url: string
  /** In PEM. */
  certificate: string
  /** Settles with the next answer that it gives. */
  answered(): Promise<void>
  stop(): Promise<void>
}>

/** An HTTPS server of this machine, on a port of its own. */
export const serveTls = (
  answer: (request: Request) => Promise<Response>,
  { cert, key }: { cert: string; key: string } = certificate(),
): FakeServer => {
  let next = Promise.withResolvers<void>()
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    tls: { cert, key },
    idleTimeout: 0,
    fetch: async (request) => {
      const response = await answer(request)
      next.resolve()
      next = Promise.withResolvers()
      return response
    },
    // A stream that is cut on purpose is no error of the test run.
    error: () => new Response(null, { status: 500 }),
  })
  return {
    url: `https://127.0.0.1:${server.port}`,
    certificate: cert,
    answered: () => next.promise,
    stop: () => server.stop(true),
  }
}

/** Half an answer, and then nothing: the connection is gone. */
export const hangUp = (): Response =>
  new Response(
    new ReadableStream({
      async pull(controller) {
        controller.enqueue(new TextEncoder().encode('{"res'))
        await Bun.sleep(1)
        controller.error()
      },
    }),
  )

/** What a proxy shows whose server is gone. */
export const htmlPage = (status = 200): Response =>
  new Response('<html><body>502 Bad Gateway</body></html>', {
    status,
    headers: { 'content-type': 'text/html' },
  })

/** One for all servers of a test run: making it takes longer than most tests. */
let made: { cert: string; key: string } | undefined
const certificate = (): { cert: string; key: string } => (made ??= newCertificate('wallet'))

/** Another certificate for this machine, as somebody in between would have. */
export const newCertificate = (name: string): { cert: string; key: string } => {
  const folder = mkdtempSync(join(tmpdir(), 'fedai-fake-'))
  try {
    return makeCertificate(folder, name)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
