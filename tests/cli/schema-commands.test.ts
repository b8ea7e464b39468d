import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { connect } from '../../src/cli/connection.js'
import { migrations } from '../../src/migrations/index.js'
import { emptyDatabase, tablesOf } from '../migrations/support.js'
import { freshDatabase, test } from '../support.js'
import { cli, temporaryDirectory } from './support.js'

const last = migrations.at(-1)?.name ?? ''

describe('finance-db, the schema', { timeout: 120_000 }, () => {
  test('migrates an empty database, says so, and then finds nothing to do', async () => {
    await using empty = await emptyDatabase()
    const env = { DATABASE_URL: empty.url }

    expect((await cli(['status'], { env })).code).toBe(3)
    expect(await cli(['check', '--json'], { env })).toMatchObject({ code: 3 })

    const first = await cli(['migrate', '--json'], { env })
    expect(first.code).toBe(0)
    expect(JSON.parse(first.stdout)).toMatchObject({ alreadyUpToDate: false })
    expect(first.stderr).toContain('applied 0001_functions')

    expect(JSON.parse((await cli(['migrate', '--json'], { env })).stdout)).toMatchObject({ applied: [] })
    expect((await cli(['status'], { env })).code).toBe(0)
    const check = await cli(['check', '--json'], { env })
    expect(check.code).toBe(0)
    expect(JSON.parse(check.stdout)).toMatchObject({ ok: true, tls: null })
    expect(check.stdout).not.toContain('postgres://')
  })

  test('prints with --dry-run and sql what it would run, and changes nothing', async () => {
    await using empty = await emptyDatabase()
    const env = { DATABASE_URL: empty.url }

    const dryRun = await cli(['migrate', '--dry-run', '--to', '0002_users'], { env })
    const script = await cli(['sql', '--to', '0002_users'], { env })
    const offline = await cli(['sql', '--all', '--schema', 'money'])

    expect(dryRun.stdout).toContain('create table "finance".users')
    expect(dryRun.stdout).not.toContain('"finance".accounts')
    expect(script.stdout).toBe(dryRun.stdout)
    expect(offline).toMatchObject({ code: 0, stdout: expect.stringContaining('create table "money".accounts') })
    expect(await tablesOf(empty.db, 'finance')).toEqual([])
  })

  test('rolls back in development only, unless told', async () => {
    await using fresh = await freshDatabase()
    const env = { DATABASE_URL: fresh.url }
    const newest = async () => JSON.parse((await cli(['history', '--json'], { env })).stdout).at(-1).name
    const before = await newest()

    const refused = await cli(['rollback'], { env: { ...env, NODE_ENV: 'production' } })
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(before)
    expect(await newest()).toBe(before)

    const done = await cli(['rollback', '--steps', '2', '--json'], { env: { ...env, FINANCE_DB_ENV: 'development' } })
    expect(done.code).toBe(0)
    expect(JSON.parse(done.stdout).rolledBack).toHaveLength(2)
    expect((await cli(['rollback', '--to', '0003_consent_records', '--yes'], { env })).code).toBe(0)
    expect(await newest()).toBe('0003_consent_records')
    expect((await cli(['rollback', '--steps', 'many'], { env })).code).toBe(2)
  })

  test('resets in development, and elsewhere only by the name of the database', async () => {
    await using fresh = await freshDatabase()
    await sql`insert into ${sql.table('finance.users')} (email) values ('kept@example.org')`.execute(fresh.db)
    const database = new URL(fresh.url).pathname.slice(1)
    const people = async () => {
      const { rows } = await sql`select from ${sql.table('finance.users')}`.execute(fresh.db)
      return rows.length
    }
    const reset = (args: string[], env = {}, url = fresh.url) =>
      cli(['reset', ...args], { env: { DATABASE_URL: url, ...env } })

    const refusals = [
      await reset([]),
      await reset([], { NODE_ENV: 'production' }),
      await reset([], { NODE_ENV: 'test', FINANCE_DB_ENV: 'production' }),
      await reset(['--force']),
      await reset(['--yes-destroy-data', database]),
      await reset(['--force', '--yes-destroy-data', 'another']),
      await reset(['--yes-destroy-data', 'another'], { NODE_ENV: 'development' }),
    ]
    for (const { code, stdout } of refusals) expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(await people()).toBe(1)

    expect((await reset([], { NODE_ENV: 'development' })).code).toBe(0)
    expect(await people()).toBe(0)
    await sql`insert into ${sql.table('finance.database_roles')} values ('ai_reader', 'agent')`.execute(fresh.db)
    const named = await reset(['--force', '--yes-destroy-data', database])
    expect(named).toMatchObject({ code: 0, stderr: expect.stringMatching(/ai_reader .*finance-db provision again/) })
    expect((await reset([], { NODE_ENV: 'test' })).stderr).not.toContain('provision')
  })

  test('takes a server by another name than this machine for one that matters', async () => {
    await using fresh = await freshDatabase()
    // A name of this machine that is none of those it knows to be one.
    const url = fresh.url.replace('127.0.0.1', '0.0.0.0').replace('localhost', '0.0.0.0')
    const env = { DATABASE_URL: url, NODE_ENV: 'development' }

    const refused = await cli(['reset'], { env })

    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('the server is not on this machine')
  })

  test.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['[::1]', true],
    ['%2Fvar%2Frun', true],
    ['127.0.0.1.example.org', false],
    ['db.127.0.0.1', false],
    ['localhost.example.org', false],
  ])('%s is this machine: %s', async (host, expected) => {
    const { db, loopback } = connect({ url: `postgres://someone@${host}/bank` }, {})
    await db.destroy()

    expect(loopback).toBe(expected)
  })

  test('keeps an embedded database in a directory, in the schema it is told', async () => {
    await using directory = await temporaryDirectory()
    const where = ['--pglite', join(directory.path, 'data'), '--schema', 'money']

    const missing = await cli(['verify', ...where])
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('finance-db init')

    const init = await cli(['init', '--json', ...where])
    expect(init.code).toBe(0)
    expect(JSON.parse(init.stdout).migration.applied).toContain(last)
    const status = await cli(['status', '--json', ...where])
    expect(JSON.parse(status.stdout)).toMatchObject({ ok: true })
    expect((await cli(['verify', ...where])).code).toBe(0)
    const elsewhere = await cli(['verify', '--pglite', join(directory.path, 'data')])
    expect(elsewhere.code).toBe(1)
    expect(elsewhere.stderr).toContain('Run migrate')
  })

  test('reads a file .env in the working directory, which does not override what is set', async () => {
    await using directory = await temporaryDirectory()
    await using fresh = await freshDatabase()
    await writeFile(join(directory.path, '.env'), `DATABASE_URL=${fresh.url}\nFINANCE_DB_SCHEMA=nowhere\n`)

    const fromFile = await cli(['status'], { cwd: directory.path })
    const overridden = await cli(['status'], { cwd: directory.path, env: { FINANCE_DB_SCHEMA: 'finance' } })

    expect(fromFile.code).toBe(3)
    expect(overridden.code).toBe(0)
  })
})
