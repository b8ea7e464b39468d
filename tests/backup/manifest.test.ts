import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { kindOf, manifestPath, readManifest, writeManifest } from '../../src/backup/manifest.js'
import { InvalidInputError } from '../../src/errors.js'
import { temporaryDirectory } from '../cli/support.js'

const about = {
  kind: 'pg_dump',
  package_version: '1.2.3',
  server_version: '18.1',
  schema: 'finance',
  vector_schema: null,
  facts: { tables: {}, balances: {}, chains: { people: 0, heads: '0' } },
} as const

test('a manifest is of one file, byte by byte, and for its owner alone', async () => {
  await using directory = await temporaryDirectory()
  const file = join(directory.path, 'bank.dump')
  await writeFile(file, 'PGDMP and the rest')
  expect(await readManifest(file)).toBeUndefined()

  const written = await writeManifest(file, about)

  expect(written).toMatchObject({ ...about, bytes: 18 })
  expect(await readManifest(file)).toEqual(written)
  expect((await stat(manifestPath(file))).mode & 0o077).toBe(0)
  await writeFile(file, 'PGDMP and the last')
  await expect(readManifest(file)).rejects.toThrow(/is not the file that/)
})

test('a manifest that is none of ours is refused', async () => {
  await using directory = await temporaryDirectory()
  const file = join(directory.path, 'bank.dump')
  await writeFile(file, 'PGDMP')
  await writeManifest(file, about)
  const whole = await readFile(manifestPath(file), 'utf8')

  for (const text of ['', whole.slice(0, -3), '{}', whole.replace('"format": 1', '"format": 2')]) {
    await writeFile(manifestPath(file), text)
    await expect(readManifest(file), text).rejects.toThrow(InvalidInputError)
  }
})

test('a backup is known by its first bytes, and what is neither kind is refused', async () => {
  await using directory = await temporaryDirectory()
  const file = join(directory.path, 'bank')
  const kind = async (bytes: string | Buffer) => {
    await writeFile(file, bytes)
    return kindOf(file)
  }

  expect(await kind('PGDMP\x01\x0e')).toBe('pg_dump')
  expect(await kind(gzipSync('tar'))).toBe('pglite')
  for (const other of ['', 'PGDM', '-- PostgreSQL database dump', Buffer.from([0x1f, 0, 0]), Buffer.from([0, 0x8b, 0])])
    await expect(kind(other)).rejects.toThrow(/is neither of pg_dump nor of PGlite/)
})
