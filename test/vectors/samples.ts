import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import { unixMs } from '../../src/engine/base/clock.ts'
import { draftOf } from '../../src/engine/protocol/draft.ts'
import type { Draft, Signed } from '../../src/engine/protocol/event.ts'
import type { KindName } from '../../src/engine/protocol/kinds.ts'
import type { Contents } from '../../src/engine/protocol/messages.ts'
import { ANYWHERE } from '../../src/engine/protocol/where.ts'
import { LIGHTNING_KEY, moneySamples } from './money-samples.ts'
import { type Party, signed } from './parties.ts'
import {
  BOOT,
  CLIENT,
  NODE,
  NOW,
  ROUTER,
  STRANGER,
  about,
  anyId,
  bodyHash,
  to,
} from './sample-parts.ts'

export { CLIENT, NODE, NOW, NOW_SEC, ROUTER, STRANGER, TAB } from './sample-parts.ts'

const TASK = 'text.summarize@1'
const MODEL = 'fedai-extract-1'
const rates = { in_token: '1000', out_token: '2000' }

const manifest: Contents['manifest'] = {
  role: 'node',
  name: 'Zoë’s node 🐝',
  software: 'fedai 0.1.0',
  operator: STRANGER.pubkey,
  tasks: [{ task: TASK, models: [MODEL] }],
  limits: { input_bytes: 65536, slots: 2, queue: 2 },
  doors: ['ws://127.0.0.1:7447'],
  payees: [NODE.pubkey],
  bands: null,
  bench: null,
  relays: null,
}
const sheet: Contents['sheet'] = {
  rows: [
    {
      row: 0,
      task: TASK,
      model: '*',
      rates,
      minimum: '10',
      cold_surcharge: '0',
      timings: ['free', 'after'],
    },
  ],
  pay: { payees: [LIGHTNING_KEY], bind: 'hash', granularity: '1000', keeps_days: 365 },
}
const entry: Contents['ticket']['entries'][number] = {
  task: TASK,
  model: { name: MODEL, digest: 'sha256:0123', ctx: 4096, proprietary: false },
  warm: true,
  eta_ms: 0,
  limits: { input_bytes: 65536, out_tokens: 1024 },
  template: { base: 0, per_message: 0 },
  prefill: false,
  sheet: anyId('sheet'),
  row: 0,
}
const ticket: Contents['ticket'] = {
  slot: 0,
  place: 0,
  boot: BOOT,
  key: toHex(sha256('job key')),
  exclusive: true,
  operator: STRANGER.pubkey,
  timings: ['free'],
  entries: [entry],
}
const job: Contents['job'] = {
  ...about,
  offers: anyId('offers'),
  task: TASK,
  model: MODEL,
  sheet: anyId('sheet'),
  row: 0,
  max: { in_token: 500, out_token: 100 },
  ceiling: '700',
  class: 'interactive',
  timing: 'free',
  deadline_ms: 30000,
  body: { size: 512, sha256: bodyHash },
  wrap: { enc: toHex(sha256('enc')), ct: 'AAECAwQFBgc=' },
}

const toAll = (d: string) => ({ now: NOW, net: 'sim', d, expires: unixMs(NOW + 240_000) }) as const
/** One signed message of each kind, between three parties. */
export const SAMPLES: Readonly<Record<KindName, { by: Party; draft: Draft }>> = (() => {
  const own = {
    manifest: { by: NODE, draft: draftOf('manifest', manifest, toAll('node')) },
    sheet: { by: NODE, draft: draftOf('sheet', sheet, toAll('sheet')) },
    ticket: { by: NODE, draft: draftOf('ticket', ticket, to(ROUTER, 30_000)) },
  }
  const full = (name: keyof typeof own) => ({ ...signed(own[name].by, own[name].draft) })
  return {
    ...own,
    status: {
      by: NODE,
      draft: draftOf('status', { load: 'BUSY', warm: [MODEL], queue: 1 }, toAll('status')),
    },
    receipt: {
      by: NODE,
      draft: draftOf(
        'receipt',
        {
          ...about,
          client: CLIENT.pubkey,
          router: ROUTER.pubkey,
          sheet: anyId('sheet'),
          row: 0,
          task: TASK,
          model: { name: MODEL, digest: null },
          runner: { name: 'builtin', version: '0.1.0' },
          usage: { in_token: 400, out_token: 60 },
          counted_by: 'node',
          rates,
          minimum: '10',
          surcharge: '0',
          cost: '10',
          ceiling: '700',
          times: { accepted: NOW, first: NOW + 12, done: NOW + 40 },
          status: 'ok',
          finish: 'stop',
          reason: null,
          commit: { input: anyId('in'), output: anyId('out'), frames: 3 },
          prev: null,
          sim: true,
        },
        to(CLIENT),
      ),
    },
    acknowledgement: {
      by: CLIENT,
      draft: draftOf(
        'acknowledgement',
        { ...about, receipt: anyId('receipt'), verdict: 'dispute', reason: 'usage' },
        to(NODE),
      ),
    },
    ask: {
      by: CLIENT,
      draft: draftOf(
        'ask',
        {
          task: 'text.summarize',
          models: [],
          sizes: { bytes: 400, messages: 0, documents: 1, items: 0, out_tokens: 100 },
          cap: '2100000000000000000',
          deadline_ms: 30000,
          class: 'interactive',
          where: { ...ANYWHERE, deny: [STRANGER.pubkey], no_proprietary: true },
          nonce: '5a'.repeat(16),
          dry_run: false,
        },
        to(ROUTER),
      ),
    },
    offers: {
      by: ROUTER,
      draft: draftOf(
        'offers',
        {
          entries: [{ ticket: full('ticket'), entry: 0, reason: 'cheapest\tof 3', first_ms: 20 }],
          fee: '0',
          operator: null,
          none: null,
        },
        to(CLIENT),
      ),
    },
    job: { by: CLIENT, draft: draftOf('job', job, to(NODE)) },
    progress: {
      by: NODE,
      draft: draftOf(
        'progress',
        {
          status: 'accepted',
          ...about,
          sheet: anyId('sheet'),
          row: 0,
          max: { in_token: 500, out_token: 100 },
          ceiling: '700',
          timing: 'free',
          funded: false,
          eta_ms: 0,
        },
        { ...to(CLIENT), about: anyId('job event') },
      ),
    },
    cancel: {
      by: CLIENT,
      draft: draftOf('cancel', { ...about, seen: 'started', next: 7 }, to(NODE)),
    },
    register: {
      by: NODE,
      draft: draftOf(
        'register',
        {
          boot: BOOT,
          manifest: full('manifest'),
          sheet: full('sheet'),
          capacity: { slots: 2, queue: 2 },
        },
        to(ROUTER),
      ),
    },
    revoke: {
      by: NODE,
      draft: draftOf('revoke', { tickets: [anyId('ticket')], reason: 'drain' }, to(ROUTER)),
    },
    quota: {
      by: ROUTER,
      draft: draftOf(
        'quota',
        { probation: true, asks_per_second: 20, open_jobs: 4, held_tickets: 2 },
        { ...to(NODE), about: anyId('auth') },
      ),
    },
    sync: {
      by: CLIENT,
      draft: draftOf(
        'sync',
        { ...about, nonce: 'a5'.repeat(16), side: 'client', next: 7 },
        { ...to(NODE), answers: anyId('sync') },
      ),
    },
    ...moneySamples(signed(NODE, own.sheet.draft)),
    rewrap: { by: CLIENT, draft: draftOf('rewrap', { ...job, from: anyId('first') }, to(NODE)) },
  }
})()

/** A sample with its content or its tags changed, signed anew: everything else about it is right. */
export const altered = (name: KindName, change: Partial<Draft>, by?: Party): Signed =>
  signed(by ?? SAMPLES[name].by, { ...SAMPLES[name].draft, ...change })

export const sample = (name: KindName): Signed => altered(name, {})
