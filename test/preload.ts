// Every test run: no network but this machine, and no chance that is not seeded. A test that dials a
// public host fails here, loudly.
import { afterAll } from 'bun:test'
import fc from 'fast-check'

fc.configureGlobal({ seed: 7 })

const loopback = (url: string): boolean =>
  /^(127\.|localhost$|\[::1\]$|0\.0\.0\.0$)/.test(new URL(url).hostname)

const realFetch = globalThis.fetch
globalThis.fetch = Object.assign(
  (input: string | URL | Request, init?: RequestInit) => {
    const url = input instanceof Request ? input.url : String(input)
    // A `data:` URL is no request: ink's layout engine comes in one.
    if (!url.startsWith('data:') && !loopback(url))
      throw new Error(`a test reached for ${url}: tests stay on this machine`)
    return realFetch(input, init)
  },
  { preconnect: realFetch.preconnect },
)

afterAll(() => {
  globalThis.fetch = realFetch
})
