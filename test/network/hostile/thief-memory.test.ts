import { expect, test } from 'bun:test'
import { join } from 'node:path'

const NO_DUMPS = join(import.meta.dir, '../../../src/engine/identity/no-dumps.ts')

/** How to start a process as somebody whom something is closed to; null where that cannot be had. */
const asUser = (): readonly string[] | null => {
  if (process.platform !== 'linux') return null
  if (process.getuid!() !== 0) return []
  const setpriv = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--']
  const can = Bun.which('setpriv') && Bun.spawnSync([...setpriv, process.execPath, '--version'])
  return can && can.exitCode === 0 ? setpriv : null
}
const user = asUser()

/** Whether a process of the same user may look into one that runs `code`. */
const canLook = async (code: string): Promise<boolean> => {
  const child = Bun.spawn([...user!, process.execPath, '-e', `${code}; console.log('up')`, '-'], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
    env: { HOME: '/nonexistent' },
  })
  try {
    const { value } = await child.stdout.getReader().read()
    expect(new TextDecoder().decode(value)).toBe('up\n')
    // Under setpriv it is the same process: it becomes what it starts.
    return Bun.spawnSync([...user!, 'cat', `/proc/${child.pid}/maps`]).exitCode === 0
  } finally {
    child.kill()
    await child.exited
  }
}

if (user === null)
  process.stderr.write(
    '!! NOT TRIED: the memory of a process, since there is no other user to be\n',
  )

test.if(user !== null)(
  'a process of the same user sees nothing of the memory of one that holds a key',
  async () => {
    const waits = 'setTimeout(() => {}, 60_000)'
    expect(await canLook(waits)).toBe(true)
    expect(await canLook(`(await import('${NO_DUMPS}')).forbidDumps(); ${waits}`)).toBe(false)
  },
)
