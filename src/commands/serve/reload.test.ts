import { expect, test } from 'bun:test'
import { resolve } from '../../engine/base/config/resolve.ts'
import { Fault } from '../../engine/base/fault.ts'
import type { Fields, Log } from '../../engine/base/log.ts'
import { reloader } from './reload.ts'

const setup = () => {
  const stage = { next: resolve({}, {}), fault: undefined as Fault | undefined }
  const said: string[] = []
  const say = (event: string, fields: Fields = {}) =>
    void said.push(`${event} ${fields['key'] ?? fields['changed'] ?? fields['code']}`)
  const log: Log = { info: say, warn: say, error: say }
  const current = { settings: stage.next }
  const daemon = { settings: async () => stage.next }
  const service = {
    reload: async () => {
      if (stage.fault) throw stage.fault
    },
  }
  const reload = reloader(daemon, current, service, log)
  return {
    stage,
    said,
    current,
    reload: async () => {
      reload()
      await Bun.sleep(1)
    },
  }
}

test('what can be taken is taken, what cannot is named', async () => {
  const { stage, said, current, reload } = setup()
  stage.next = resolve({ 'router.listen': '127.0.0.1:1', 'router.drain': '5s' }, {})
  await reload()
  expect(said).toEqual(['reload.needs_restart router.listen', 'reloaded router.drain'])
  expect(current.settings.get('router.drain')).toBe(5_000)
  await reload()
  expect(said.at(-1)).toBe('reloaded ')
})

test('what is wrong changes nothing', async () => {
  const { stage, said, current, reload } = setup()
  const before = current.settings
  stage.next = resolve({ 'router.drain': '5s' }, {})
  stage.fault = new Fault('config', 'tls.certificate', 'no')
  await reload()
  expect(said).toEqual(['reload.failed tls.certificate'])
  expect(current.settings).toBe(before)
  stage.fault = undefined
  await reload()
  expect(said.at(-1)).toBe('reloaded router.drain')
})
