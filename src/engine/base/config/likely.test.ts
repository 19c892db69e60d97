import { describe, expect, test } from 'bun:test'
import { SECTIONS, likely, likelyVariable } from './likely.ts'
import { OTHER_VARIABLES } from './resolve.ts'
import { KEYS, variableOf } from './schema.ts'

describe('the key that was meant', () => {
  test.each([
    ['routrs', 'routers'],
    ['router.lissten', 'router.listen'],
    ['reqest.prefer', 'request.prefer'],
    ['prefr', 'request.prefer'],
    ['wher', 'request.where'],
    ['prefer', 'request.prefer'],
    ['node.prefer', 'request.prefer'],
    ['node.listen', 'router.listen'],
    ['node.quue', 'node.queue'],
    ['max_prcie', 'request.max_price'],
    ['listen', 'router.listen'],
    ['nte', 'net'],
    ['colour', undefined],
    ['temperature', undefined],
    ['router.x', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ])('%s: %s', (name, key) => expect(likely(name)).toBe(key))

  test('or the section, where one may be named', () => {
    expect(likely('limts', [...KEYS, ...SECTIONS])).toBe('limits')
    expect(likely('routr', [...KEYS, ...SECTIONS])).toBe('router')
    expect(likely('routrs', [...KEYS, ...SECTIONS])).toBe('routers')
  })

  test('each key with one slip is that key', () => {
    for (const key of KEYS)
      for (const at of [1, key.length - 2]) {
        const slip = key.slice(0, at) + key.slice(at + 1)
        expect([key, likely(slip)]).toEqual([key, key])
      }
  })
})

describe('the variable that was meant', () => {
  const others = Object.keys(OTHER_VARIABLES)
  test.each([
    ['FEDAI_PREFER', 'FEDAI_REQUEST_PREFER'],
    ['FEDAI_PREFR', 'FEDAI_REQUEST_PREFER'],
    ['FEDAI_MAX_PRICE', 'FEDAI_REQUEST_MAX_PRICE'],
    ['FEDAI_NODE_PREFER', 'FEDAI_REQUEST_PREFER'],
    ['FEDAI_ROUTER', 'FEDAI_ROUTERS'],
    ['FEDAI_ROUTER_LISTN', 'FEDAI_ROUTER_LISTEN'],
    ['FEDAI_REQEST_WHERE', 'FEDAI_REQUEST_WHERE'],
    ['FEDAI_HOEM', 'FEDAI_HOME'],
    ['FEDAI_DEBUGG', 'FEDAI_DEBUG'],
    ['FEDAI_CONFIG', undefined],
    ['FEDAI_', undefined],
    ['FEDAI_TEMPERATURE', undefined],
  ])('%s: %s', (name, variable) => expect(likelyVariable(name, others)).toBe(variable))

  test('each with one slip is that one', () => {
    for (const name of KEYS.map(variableOf)) {
      const slip = name.slice(0, -2) + name.slice(-1)
      expect([name, likelyVariable(slip, others)]).toEqual([name, name])
    }
  })
})
