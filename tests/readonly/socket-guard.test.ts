import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { guardSocket } from '../../src/readonly/socket-guard.js'

function message(type: string, body: number | Buffer): Buffer {
  const content = typeof body === 'number' ? Buffer.alloc(body) : body
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeUInt32BE(content.length + 4, 1)
  return Buffer.concat([head, content])
}

function guarded(maxBytes: number) {
  const stream = new PassThrough()
  stream.on('error', () => {})
  const guard = guardSocket(stream)
  guard.start({ maxBytes })
  return { stream, guard, gets: (chunk: Buffer) => stream.emit('data', chunk) }
}

describe('the guard of a socket', () => {
  test('lets through what is within the budget, however it is cut into pieces', () => {
    const { stream, guard, gets } = guarded(2000)
    // Bodies that look like the beginning of COPY.
    const bytes = Buffer.concat([message('D', Buffer.from('H\0\0\0\x04'.repeat(20))), message('C', 3), message('Z', 1)])
    for (let i = 0; i < bytes.length; i++) gets(bytes.subarray(i, i + 1))
    gets(bytes)
    expect([guard.tripped, guard.bytes, stream.destroyed]).toEqual([undefined, bytes.length * 2, false])
  })

  test('ends the connection at what is announced, before it comes', () => {
    const { stream, guard, gets } = guarded(1000)
    gets(message('D', 2_000_000).subarray(0, 5))
    expect([guard.tripped, stream.destroyed]).toEqual(['message', true])
  })

  test('ends the connection at so many bytes, and counts anew for the next query', () => {
    const { stream, guard, gets } = guarded(1000)
    for (let i = 0; i < 9; i++) gets(message('D', 95))
    guard.start({ maxBytes: 1000 })
    gets(message('D', 900))
    expect(guard.tripped).toBeUndefined()
    gets(message('D', 95))
    expect([guard.tripped, stream.destroyed]).toEqual(['bytes', true])
  })

  test('ends the connection at COPY, either way', () => {
    for (const type of ['H', 'W']) {
      const { stream, guard, gets } = guarded(1000)
      gets(message(type, 3))
      expect([guard.tripped, stream.destroyed]).toEqual(['copy', true])
    }
  })

  test('takes 200 notices or notifications, of each query', () => {
    for (const type of ['N', 'A']) {
      const { guard, gets } = guarded(1_000_000)
      for (let i = 0; i < 200; i++) gets(message(type, 10))
      guard.start({ maxBytes: 1_000_000 })
      for (let i = 0; i < 200; i++) gets(message(type, 10))
      expect(guard.tripped).toBeUndefined()
      gets(message(type, 10))
      expect(guard.tripped).toBe('notices')
    }
  })
})
