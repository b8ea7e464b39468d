import { readFile } from 'node:fs/promises'
import { expect, inject, onTestFinished, test, vi } from 'vitest'

const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8')

test('loads without a database, as `next build` does, and answers each path with one', async () => {
  vi.stubEnv('DATABASE_URL', '')
  const { GET, HEAD, dynamic } = await import('./route.js')
  expect(dynamic).toBe('force-dynamic')

  vi.stubEnv('DATABASE_URL', inject('databaseUrl'))
  onTestFinished(() => void vi.unstubAllEnvs())
  const ask = (path: string) => GET(new Request(`http://localhost/health${path}`))

  // The maintenance database, which need not have tables of ours.
  expect(await (await ask('')).json()).toMatchObject({ status: expect.any(String), version: expect.any(String) })
  expect(await (await ask('/detailed')).json()).toMatchObject({ database: { reachable: true } })
  expect((await ask('/liveness')).status).toBe(200)
  expect((await ask('/other')).status).toBe(404)
  expect(await (await HEAD(new Request('http://localhost/health/liveness', { method: 'HEAD' }))).text()).toBe('')
})

test('is what docs/operations.md shows', async () => {
  expect(await read('../../docs/operations.md')).toContain(`\`\`\`ts\n${await read('route.ts')}\`\`\`\n`)
})
