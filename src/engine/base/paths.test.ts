import { describe, expect, test } from 'bun:test'
import { paths } from './paths.ts'

describe('paths', () => {
  test('on Linux without anything set', () => {
    expect(paths({ HOME: '/home/ann' }, 'linux')).toEqual({
      config: '/home/ann/.config/fedai',
      state: '/home/ann/.local/state/fedai',
      cache: '/home/ann/.cache/fedai',
      runtime: '/home/ann/.local/state/fedai/run',
      keys: '/home/ann/.local/share/fedai/keys',
    })
  })

  test('XDG directories win over HOME, relative ones are ignored', () => {
    const given = paths(
      {
        HOME: '/home/ann',
        XDG_CONFIG_HOME: '/c',
        XDG_STATE_HOME: 'relative',
        XDG_CACHE_HOME: '/k',
        XDG_RUNTIME_DIR: '/run/user/1000',
        XDG_DATA_HOME: '/d',
      },
      'linux',
    )
    expect(given).toEqual({
      config: '/c/fedai',
      state: '/home/ann/.local/state/fedai',
      cache: '/k/fedai',
      runtime: '/run/user/1000/fedai',
      keys: '/d/fedai/keys',
    })
  })

  test('FEDAI_HOME wins over XDG and needs no HOME', () => {
    const given = paths({ FEDAI_HOME: '/srv/f', XDG_CONFIG_HOME: '/c' }, 'linux')
    expect(given.config).toBe('/srv/f')
    expect(given.keys).toBe('/srv/f/keys')
    expect(given.runtime).toBe('/srv/f/run')
  })

  test('a relative FEDAI_HOME is refused', () => {
    expect(() => paths({ FEDAI_HOME: 'f' }, 'linux')).toThrow(
      expect.objectContaining({ kind: 'config', code: 'paths.relative' }),
    )
  })

  test('systemd directories win, the first of several, each for itself', () => {
    const given = paths(
      {
        FEDAI_HOME: '/srv/f',
        STATE_DIRECTORY: '/var/lib/fedai:/var/lib/other',
        RUNTIME_DIRECTORY: '/run/fedai',
      },
      'linux',
    )
    expect(given).toEqual({
      config: '/srv/f',
      state: '/var/lib/fedai',
      cache: '/srv/f/cache',
      runtime: '/run/fedai',
      keys: '/var/lib/fedai/keys',
    })
  })

  test('a unit with all its directories needs neither HOME nor FEDAI_HOME', () => {
    const given = paths(
      {
        STATE_DIRECTORY: '/var/lib/fedai',
        RUNTIME_DIRECTORY: '/run/fedai',
        CACHE_DIRECTORY: '/var/cache/fedai',
        CONFIGURATION_DIRECTORY: '/etc/fedai',
      },
      'linux',
    )
    expect(given.keys).toBe('/var/lib/fedai/keys')
  })

  test('no home at all is a fault with a way out', () => {
    expect(() => paths({}, 'linux')).toThrow(
      expect.objectContaining({
        code: 'paths.no_home',
        hint: expect.stringContaining('FEDAI_HOME'),
      }),
    )
  })

  test('macOS and Windows have their own places', () => {
    expect(paths({ HOME: '/Users/ann' }, 'darwin').keys).toBe(
      '/Users/ann/Library/Application Support/fedai/keys',
    )
    const windows = paths({ APPDATA: 'C:\\A', LOCALAPPDATA: 'C:\\L' }, 'win32')
    expect(windows.keys).toBe('C:\\A\\fedai\\keys')
    expect(windows.runtime).toBe('C:\\L\\fedai\\run')
    expect(() => paths({ APPDATA: 'C:\\A' }, 'win32')).toThrow('LOCALAPPDATA')
  })
})
