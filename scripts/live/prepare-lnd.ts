// Has lnd and btcd built into the cache, so that no test waits for that. Ends with 1 where it cannot be.
import { ensureLnd } from './lnd.ts'

const found = await ensureLnd()
if ('missing' in found) {
  process.stderr.write(`${found.missing}\n`)
  process.exit(1)
}
