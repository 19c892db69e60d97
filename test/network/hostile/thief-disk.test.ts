import { expect, test } from 'bun:test'
import { sha256, toHex, utf8 } from '../../../src/engine/base/bytes.ts'
import { commitInput } from '../../../src/engine/identity/frame-seal.ts'
import { outcomeOf, wish } from './cast.ts'
import { scene } from './scene.ts'

test('a stolen ledger has who, what kind, how much and when; no content, and nothing that a guess of it could be held against', () => {
  const it = scene({ words: ['Kanarienvogel-answer '] })
  const kept: { hash: Uint8Array; commit: Uint8Array }[] = []
  it.stage.tampers.push(() => {
    for (const job of it.node.state.jobs.values())
      if (job.inputHash && job.secrets)
        kept.push({
          hash: Uint8Array.from(job.inputHash),
          commit: Uint8Array.from(job.secrets.commit),
        })
    return undefined
  })
  const content = 'Kanarienvogel-prompt'
  const job = wish(it.stage, it.client, { input: { messages: [{ role: 'user', content }] } })
  it.stage.advance(5_000)
  expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, verified: true })
  const text = [...it.node.disk, ...it.router.disk].map((row) => row.text).join('\n')
  expect(it.node.disk.map((row) => row.kind).toSorted()).toEqual(['acknowledgement', 'receipt'])
  for (const known of [job, it.client.signer.pubkey, 'text.chat@1', 'out_token', '"cost'])
    expect(text.replaceAll('\\"', '"')).toContain(known)
  expect(text).not.toContain('Kanarienvogel')
  // Who guesses the prompt right has its hash, and finds it nowhere: what is there is bound to a secret that is gone.
  const { hash, commit } = kept.at(-1)!
  for (const guess of [hash, sha256(utf8(content))]) expect(text).not.toContain(toHex(guess))
  expect(text).toContain(commitInput(commit, hash))
})
