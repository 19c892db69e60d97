// completions/ and man/ are checked in; here they are held to the command tree that they were made of.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { completions } from '../../scripts/build-completions.ts'
import { manPages } from '../../scripts/build-man.ts'
import { SHELLS } from '../../src/commands/completions/index.ts'
import { SCRIPT_FILES } from '../../src/commands/completions/scripts.ts'
import { type Place, binary, place } from './cli.ts'

const root = dirname(dirname(import.meta.dir))
let here: Place

beforeAll(async () => {
  here = place(await binary())
}, 120_000)
afterAll(() => here[Symbol.dispose]())

const FOLDERS = { completions: completions(), man: manPages() }

describe.each(Object.entries(FOLDERS))('%s/', (folder, files) => {
  test('has these files and no others (npm run generate writes them)', () => {
    expect(readdirSync(join(root, folder)).toSorted()).toEqual(Object.keys(files).toSorted())
  })

  test.each(Object.entries(files))('%s is what the sources say', async (name, text) => {
    expect(await Bun.file(join(root, folder, name)).text()).toBe(text)
  })
})

test.each([...SHELLS])('the binary prints the script for %s', async (shell) => {
  const { code, stdout, stderr } = await here.run(['completions', shell])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toBe(completions()[SCRIPT_FILES[shell]]!)
})

test('a shell that has none is refused', async () => {
  const ran = await here.run(['completions', 'tcsh'])
  expect(ran).toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining('fish') })
})

describe('the man pages', () => {
  const tools = {
    mandoc: ['mandoc', '-Tlint', '-Wwarning'],
    groff: ['groff', '-z', '-ww', '-man', '-Tutf8'],
  }
  for (const [tool, command] of Object.entries(tools)) {
    if (!Bun.which(tool))
      process.stderr.write(`!! NOT TRIED: man pages in ${tool}: not installed\n`)
    test.skipIf(!Bun.which(tool))(`are read by ${tool} without a warning`, () => {
      for (const name of Object.keys(FOLDERS.man)) {
        const ran = Bun.spawnSync([...command, join(root, 'man', name)])
        const said = `${ran.stdout}${ran.stderr}`
          .split('\n')
          // Left out on purpose: the same sources give the same page.
          .filter((line) => line !== '' && !line.includes('missing date'))
        expect(said).toEqual([])
      }
    })
  }

  test('show examples and odd characters as they are typed', () => {
    if (!Bun.which('mandoc')) return
    const shown = Bun.spawnSync([
      'mandoc',
      '-Tascii',
      join(root, 'man', 'fedai-request.1'),
    ]).stdout.toString()
    const plain = shown.replace(/.[\b]/g, '')
    expect(plain).toContain('fedai request --task text.detect "Wie geht es dir?" --max-price 10sat')
    expect(plain).toContain("such as 'llama-*'")
  })
})
