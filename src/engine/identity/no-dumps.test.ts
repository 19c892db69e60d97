import { expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A process that makes a signer, or none, and crashes where core files are allowed: the files it leaves. */
const crash = async (code: string): Promise<string[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'fedai-dump-'))
  try {
    const shell = 'ulimit -c unlimited; exec "$0" -e "$1"'
    const child = Bun.spawn(['sh', '-c', shell, process.execPath, `${code}\nprocess.abort()`], {
      cwd: folder,
      stdout: 'ignore',
      stderr: 'ignore',
    })
    await child.exited
    expect(child.signalCode).toBe('SIGABRT')
    return readdirSync(folder).filter((name) => name.includes('core'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const signs = `
const { newSigner } = await import('${import.meta.dir}/signer.ts')
const { openSecp256k1 } = await import('${import.meta.dir}/secp256k1.ts')
const { systemRandom } = await import('${import.meta.dir}/../base/random.ts')
newSigner(await openSecp256k1(), systemRandom)
`

// Only where the system would write one, so that the test can fail: `core` in the working directory.
const pattern = await Bun.file('/proc/sys/kernel/core_pattern')
  .text()
  .catch(() => '')
const writes = pattern.startsWith('core') && (await crash('')).length > 0
if (!writes)
  process.stderr.write('!! NOT TRIED: core files, since this system writes none where we look\n')

test.if(writes)('a process that holds a key leaves no core file', async () => {
  expect(await crash(signs)).toEqual([])
})
