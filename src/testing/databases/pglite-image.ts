import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { defaultSchema } from '../../connection/schema-plugin.js'
import { createFinanceDb } from '../../database.js'
import { UnsupportedError } from '../../errors.js'
import { migrate } from '../../migrations/migrate.js'
import { PGliteStream } from '../sandbox/pglite-stream.js'
import { migrationsKey } from './key.js'
import type { Preparation } from './template.js'

/**
 * Makes sure that there is a file with a migrated PGlite's data, so that a new one starts with the tables in a fraction
 * of the time. It is in the directory for temporary files, named after the migrations, and used again by the next run.
 *
 * @returns The file's path.
 * @throws {UnsupportedError} `@electric-sql/pglite` is not installed.
 */
export async function ensurePGliteImage({ schema, prepare, prepareKey = '' }: Preparation): Promise<string> {
  const key = migrationsKey(
    schema ?? defaultSchema,
    versionOf('@electric-sql/pglite'),
    versionOf('@electric-sql/pglite-pgvector'),
    prepare === undefined ? '' : `${prepare}${prepareKey}`,
  )
  // One for each user: others must not be able to put another image in its place.
  const directory = join(tmpdir(), `finance-db-pglite-${userInfo().username.replace(/\W/g, '')}`)
  const path = join(directory, `${key}.tar`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if (await readFile(path).then(() => true, absent)) return path

  const pglite = await newPGlite()
  try {
    const db = createFinanceDb({ pglite, schema }, {})
    await migrate(db, schema === undefined ? {} : { schema }).finally(() => db.destroy())
    if (prepare !== undefined) {
      const pool = pglitePool(pglite)
      await prepare(pool).finally(() => pool.end())
    }
    const image = await pglite.dumpDataDir('none')
    const unfinished = `${path}.${randomBytes(4).toString('hex')}`
    await writeFile(unfinished, Buffer.from(await image.arrayBuffer()), { mode: 0o600 })
    // In one step: several processes may be making it.
    await rename(unfinished, path).catch(async (error: unknown) => {
      await rm(unfinished, { force: true })
      throw error
    })
  } finally {
    await pglite.close()
  }
  return path
}

/** A PGlite of its own from an image. It takes about half a second. */
export async function openPGliteImage(path: string): Promise<PGlite> {
  return newPGlite(new Blob([await readFile(path)]))
}

/** A pool of pg on a PGlite in this process, with the one connection that it has. */
export function pglitePool(pglite: PGlite): pg.Pool {
  return new pg.Pool({
    max: 1,
    user: 'postgres',
    database: 'postgres',
    stream: () => new PGliteStream(pglite) as never,
  })
}

async function newPGlite(loadDataDir?: Blob): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite').catch((cause: unknown) => {
    throw new UnsupportedError('There is no PGlite: npm install --save-dev @electric-sql/pglite', { cause })
  })
  const vector = await import('@electric-sql/pglite-pgvector').then(
    ({ vector }) => ({ extensions: { vector } }),
    () => ({}),
  )
  return PGlite.create({ ...vector, ...(loadDataDir !== undefined && { loadDataDir }) })
}

function versionOf(name: string): string {
  try {
    const { version } = createRequire(import.meta.url)(`${name}/package.json`)
    return `${name} ${version}`
  } catch {
    return ''
  }
}

function absent(error: unknown): false {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
  throw error
}
