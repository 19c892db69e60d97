import { expect, test } from 'bun:test'
import { isPublic } from './upstream.ts'

const servers: [string, boolean][] = [
  ['https://api.example.com', true],
  ['https://api.example.com:8443/v1', true],
  ['http://9.9.9.9:8080', true],
  ['http://[2a00:1450::1]:8080', true],
  ['http://127.0.0.1:8080', false],
  ['http://[::1]:8080', false],
  ['http://192.168.1.7', false],
  ['http://10.0.0.3:11434', false],
  ['http://localhost:11434', false],
  ['http://gpu.local:8000', false],
  ['http://gpu:8000', false],
]
test.each(servers)('a runner at %s is somebody else’s service: %j', (base, is) => {
  expect(isPublic(base)).toBe(is)
})
