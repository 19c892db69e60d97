/**
 * Real runners and models for `fedai up --chat` and for test/live: fetched into a cache folder
 * (`FEDAI_CACHE`, else `$XDG_CACHE_HOME/fedai`), nothing installed into the system.
 */
export { cacheFolder, type Missing, type Say } from './live/cache.ts'
export { ensureLlamaServer } from './live/debian.ts'
export { ensureSmolLM2 } from './live/smollm2.ts'
export { type LlamaServer, startLlamaServer } from './live/llama-server.ts'
export { tinyGguf, type TinyKind, type TinyOptions } from './tiny-gguf.ts'
