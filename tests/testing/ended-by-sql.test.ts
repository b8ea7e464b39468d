import pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { ensurePGliteImage, openPGliteImage } from '../../src/testing/databases/pglite-image.js'
import {
  createSandboxes,
  type Sandbox,
  SandboxError,
  type Sandboxes,
  workerSandboxes,
} from '../../src/testing/index.js'
import { databasesOfThisRun } from '../../src/testing/vitest/index.js'
import { freshDatabase } from '../support.js'

interface Place extends AsyncDisposable {
  readonly sandboxes: Sandboxes
}

/** Databases of their own, since something is committed to them. */
const places: readonly (readonly [name: string, open: () => Promise<Place>])[] = [
  [
    'PostgreSQL',
    async () => {
      const fresh = await freshDatabase()
      const sandboxes = createSandboxes(fresh.url)
      return {
        sandboxes,
        [Symbol.asyncDispose]: () => sandboxes.close().finally(() => fresh[Symbol.asyncDispose]()),
      }
    },
  ],
  [
    'PGlite',
    async () => {
      const pglite = await openPGliteImage(await ensurePGliteImage({}))
      const sandboxes = createSandboxes({ pglite })
      return { sandboxes, [Symbol.asyncDispose]: () => sandboxes.close().finally(() => pglite.close()) }
    },
  ],
]

/** What the sandbox does not see through, so that it reaches the server. */
const ways: readonly (readonly [name: string, run: (sandbox: Sandbox) => Promise<unknown>])[] = [
  [
    'a string that ends where only the server knows',
    async ({ pool }) => {
      await pool.query('set standard_conforming_strings = off')
      await pool.query(`select 'it\\'s'; commit; --'`)
    },
  ],
  [
    'a query that submits itself',
    ({ pool }) =>
      new Promise((resolve, reject) => {
        const query = new pg.Query('commit')
        query.on('error', reject)
        query.on('end', () => setTimeout(resolve, 1000))
        pool.query(query)
      }),
  ],
]

const add = ({ pool }: Sandbox, email: string) => pool.query('insert into finance.users (email) values ($1)', [email])
const emails = async ({ pool }: Sandbox) => (await pool.query('select email from finance.users')).rows

describe.each(places)('a transaction that is ended by SQL on %s', (_, open) => {
  test.each(ways)('by %s is told at once, to every later statement, and at the end', async (_, commit) => {
    await using place = await open()
    const { sandboxes } = place
    const sandbox = await sandboxes.open({ name: 'the test' })
    await add(sandbox, 'stays@example.test')
    expect(sandboxes.dirty).toBe(false)

    const error = await commit(sandbox).catch((thrown: unknown) => thrown)

    expect(error).toBeInstanceOf(SandboxError)
    expect(error).toMatchObject({ test: 'the test', problems: [{ kind: 'ended-by-sql' }] })
    expect(String(error)).toMatch(/commit.* ended the transaction .* may be there for good/)
    expect(String((error as Error).cause)).toContain('commit')
    await expect(add(sandbox, 'late@example.test')).rejects.toMatchObject({ problems: [{ kind: 'ended-by-sql' }] })
    await expect(sandbox.db.transaction().execute(async () => {})).rejects.toThrow(/ended the transaction/)
    await expect(sandbox.close()).rejects.toMatchObject({ problems: [{ kind: 'ended-by-sql' }] })
    expect(sandboxes.dirty).toBe(true)

    // As it says: what was written is there. And the connection serves the next test.
    const next = await sandboxes.open({ name: 'the next' })
    expect(await emails(next)).toEqual([{ email: 'stays@example.test' }])
    await next.close()
  })
})

test('the database of a worker is thrown away with what was committed to it, and only then', async () => {
  const there = async (name: string) => {
    const client = new pg.Client({ connectionString: inject('databaseUrl') })
    await client.connect()
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    await client.end()
    return rowCount === 1
  }
  const handle = databasesOfThisRun()
  for (const ends of [false, true]) {
    const sandboxes = await workerSandboxes(handle, `ended_${process.pid}`)
    const name = new URL(sandboxes.url ?? '').pathname.slice(1)
    const sandbox = await sandboxes.open()
    await add(sandbox, 'a@example.test')
    if (ends) {
      await expect(ways[0]?.[1](sandbox)).rejects.toThrow(SandboxError)
      await expect(sandbox.close()).rejects.toThrow(SandboxError)
    } else await sandbox.close()

    await sandboxes.close()

    expect(await there(name)).toBe(!ends)
  }
})
