import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, inject, test, vi } from 'vitest'
import { differences, type Facts } from '../../src/backup/facts.js'
import { findProgram } from '../../src/backup/programs.js'
import { migrate } from '../../src/index.js'
import { pgbouncerBinary, startPgBouncer } from '../migrations/pgbouncer.js'
import { emptyDatabase } from '../migrations/support.js'
import { directly, execute, waitingIn } from '../server.js'
import { debianPrograms, hasDebianServer, startDebianServer } from './debian-server.js'
import { cli, temporaryDirectory } from './support.js'

const facts: Facts = {
  tables: { users: { rows: 2, content: '7' }, accounts: { rows: 1, content: '8' } },
  balances: { EUR: { accounts: 1, balance: '10.0000', held: '0.0000' } },
  chains: { people: 2, heads: '9' },
}

test('what differs after a restore is said', () => {
  expect(differences(facts, facts)).toEqual([])
  expect(
    differences(facts, {
      tables: { users: { rows: 1, content: '7' } },
      balances: {
        EUR: { accounts: 1, balance: '9.0000', held: '0.0000' },
        USD: { accounts: 1, balance: '1', held: '0' },
      },
      chains: { people: 2, heads: '1' },
    }),
  ).toEqual([
    'table users has 1 rows, not 2',
    'table accounts is missing',
    'balance in EUR: 9.0000, not 10.0000',
    'accounts in USD: 1, not none',
    'balance in USD: 1, not none',
    'held in USD: 0, not none',
    'the audit chains have other heads',
  ])
  expect(differences(facts, { ...facts, tables: { ...facts.tables, users: { rows: 2, content: '6' } } })).toEqual([
    'table users has as many rows, but not the same',
  ])
  // All of one currency is lost.
  expect(differences(facts, { ...facts, balances: {} })).toEqual([
    'accounts in EUR: none, not 1',
    'balance in EUR: none, not 10.0000',
    'held in EUR: none, not 0.0000',
  ])
  const more = { tables: { ...facts.tables, cards: { rows: 0, content: '0' } }, chains: { people: 1, heads: '9' } }
  expect(differences(facts, { ...facts, ...more })).toEqual([
    'table cards was not in the backup',
    '1 people have an audit chain, not 2',
  ])
})

/** A program that says it is of a version, and then does what `script` says. */
async function writeProgram(path: string, version: string, script = ''): Promise<void> {
  const told = `[ "$1" = --version ] && echo "pg_dump (PostgreSQL) ${version}" && exit`
  await writeFile(path, `#!/bin/sh\n${told}\n${script}\n`, { mode: 0o755 })
}

test('the oldest pg_dump that is not older than the server is taken', async () => {
  await using directory = await temporaryDirectory()
  const versions = ['99.1', '97.3', '98.2'].map((version) => ({ version, path: join(directory.path, version) }))
  for (const { version, path } of versions) {
    await mkdir(path)
    await writeProgram(join(path, 'pg_dump'), version)
  }
  const env = { PATH: versions.map(({ path }) => path).join(':') }

  expect(await findProgram('pg_dump', 98, env)).toBe(join(directory.path, '98.2', 'pg_dump'))
})

test('a pg_dump that does not even tell its version is none', async () => {
  await using directory = await temporaryDirectory()
  const find = () => findProgram('pg_dump', 15, { FINANCE_DB_PG_BIN: directory.path })

  await expect(find()).rejects.toThrow(/of version 15 or later, and there is none/)
  await writeFile(join(directory.path, 'pg_dump'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  await expect(find()).rejects.toThrow(/of version 15 or later, and there is none/)
})

test.skipIf(!hasDebianServer)('a pg_dump is found where Debian puts it, beside the PATH', async () => {
  expect(await findProgram('pg_dump', 15, {})).toMatch(/^\/usr\/lib\/postgresql\/\d+\/bin\/pg_dump$/)
})

describe('finance-db backup and restore', { timeout: 180_000 }, () => {
  test('refuse a pg_dump that is older than the server, and say what to install', async () => {
    await using empty = await emptyDatabase()
    await using directory = await temporaryDirectory()
    const program = join(directory.path, 'pg_dump')
    await writeProgram(program, '14.9')
    const file = join(directory.path, 'b.dump')
    // pg_dump takes a session.
    const env = { DATABASE_URL: directly(empty.url), FINANCE_DB_PG_BIN: directory.path }
    const none = await cli(['backup', file], { env })
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing in schema "finance" to back up') })
    await migrate(empty.db, { to: '0002_users' })

    const { code, stderr } = await cli(['backup', file], { env })

    expect(code).toBe(1)
    expect(stderr).toMatch(/needs pg_dump of version \d+ or later, and there is only version 14/)

    // One that fails half-way leaves no file, and of what it says only its complaints are told.
    const said = 'pg_dump: error: first\\nCONTEXT: hunter2\\npg_dump: error: last'
    await writeProgram(program, '99.1', `printf '${said}' >&2\nexit 1`)
    const failed = await cli(['backup', file], { env })
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/error: first pg_dump: error: last/) })
    expect(failed.stderr).not.toContain('hunter2')
    expect(await readdir(directory.path)).toEqual(['pg_dump'])

    const nowhere = await cli(['backup', join(directory.path, 'no', 'b.dump')], { env })
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('b.dump cannot be written (ENOENT)') })

    // Nor does one whose count fails, and the dump ends with it.
    const pidFile = join(directory.path, 'pid')
    await writeProgram(program, '99.1', `echo $$ > ${pidFile} && exec sleep 600`)
    await empty.db.transaction().execute(async (trx) => {
      await sql`lock table finance.users`.execute(trx)
      const counting = cli(['backup', file], { env })
      await vi.waitFor(async () => expect(await readFile(pidFile, 'utf8')).toMatch(/\d/), { timeout: 20_000 })
      await vi.waitFor(async () => expect(await waitingIn(empty.db)).toBe(1), { timeout: 20_000 })
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(trx)
      expect((await counting).code).toBe(1)
    })
    const pid = Number(await readFile(pidFile, 'utf8'))
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    expect((await readdir(directory.path)).sort()).toEqual(['pg_dump', 'pid'])
    expect(inject('databaseUrl')).not.toBe('')
  })

  test.skipIf(pgbouncerBinary === undefined)('say that they do not go through a pooler, and what to give', async () => {
    await using empty = await emptyDatabase()
    await using directory = await temporaryDirectory()
    await migrate(empty.db, { to: '0002_users' })
    await using bouncer = await startPgBouncer(pgbouncerBinary ?? '', directly(empty.url), 2)
    const env = {
      DATABASE_URL: `${bouncer.through(directly(empty.url))}?pgbouncer=true`,
      DATABASE_COMMAND_TIMEOUT: '0',
      DATABASE_IDLE_TRANSACTION_TIMEOUT: '0',
    }
    const file = join(directory.path, 'b.dump')

    const { code, stderr } = await cli(['backup', file], { env })

    expect(stderr).toMatch(/through a pooler.*--url or DATABASE_MIGRATION_URL/s)
    expect(code).toBe(1)
    expect(existsSync(file)).toBe(false)
  })

  test(`go by pg_dump and back${hasDebianServer ? '' : ' (skipped: there is no PostgreSQL of Debian on this machine)'}`, async ({
    skip,
  }) => {
    if (!hasDebianServer) return skip()
    await using server = await startDebianServer()
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'bank.dump')
    const env = { DATABASE_URL: server.url }
    await cli(['migrate', '--quiet'], { env })
    await cli(['seed', '--users', '2', '--days', '60', '--quiet'], { env: { ...env, FINANCE_DB_ENV: 'test' } })
    // The scratch database has none of this: rows are compared whatever a session shows them as.
    for (const setting of ["timezone = 'Asia/Tokyo'", "datestyle = 'SQL, DMY'", "bytea_output = 'escape'"])
      await execute(server.url, `alter database postgres set ${setting}`)

    // Somebody writes between the count and the dump, which are of one moment.
    await using programs = await temporaryDirectory()
    const writing = `insert into finance.users (email) values ('late@example.org')`
    await writeProgram(
      join(programs.path, 'pg_dump'),
      '15.99',
      `psql -qc "${writing}" && exec ${join(debianPrograms, 'pg_dump')} "$@"`,
    )
    await symlink(join(debianPrograms, 'pg_restore'), join(programs.path, 'pg_restore'))
    const backup = await cli(['backup', file, '--verify', '--json'], {
      env: { ...env, FINANCE_DB_PG_BIN: programs.path },
    })
    expect(backup.code, backup.stderr).toBe(0)
    const { facts: counted, trial } = JSON.parse(backup.stdout)
    expect(counted.tables.users.rows).toBe(2)
    expect(trial).toMatchObject({ ok: true, differences: [] })
    for (const name of [file, `${file}.json`]) expect((await stat(name)).mode & 0o077).toBe(0)
    expect(await readdir(directory.path)).toEqual(['bank.dump', 'bank.dump.json'])

    // By an owner who may not make databases, the file is written and the reason said.
    await execute(server.url, 'create role thrifty login bypassrls', 'grant pg_read_all_data to thrifty')
    const thrifty = new URL(server.url)
    thrifty.username = 'thrifty'
    const untried = await cli(['backup', `${file}.2`, '--verify'], { env: { DATABASE_URL: thrifty.href } })
    expect(untried.code).toBe(1)
    expect(untried.stderr).toMatch(/Wrote .*the role needs CREATEDB/s)
    await execute(server.url, 'drop role thrifty')

    // Not over what is there, until it is told to.
    expect((await cli(['backup', file], { env })).code).toBe(2)
    const refused = await cli(['restore', file], { env })
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--replace') })
    expect((await cli(['restore', file, '--replace'], { env })).code).toBe(2)

    await execute(server.url, `update finance.users set first_name = 'Changed'`, `delete from finance.insights`)
    const restored = await cli(['restore', file, '--replace', '--yes-destroy-data', 'postgres', '--json'], { env })
    expect(restored.code, restored.stderr).toBe(0)
    expect(JSON.parse(restored.stdout)).toMatchObject({ ok: true, restored: true })
    expect((await cli(['doctor'], { env })).stdout).toContain('as its migrations make it')

    const elsewhere = await cli(['restore', file, '--schema', 'money'], { env })
    expect(elsewhere).toMatchObject({ code: 2, stderr: expect.stringContaining('is of schema finance') })

    // By an ordinary role into a database of its own, where an administrator has made the schema.
    await execute(server.url, 'create role clerk login', 'create database theirs owner clerk')
    const theirs = new URL(server.url)
    theirs.pathname = '/theirs'
    await execute(theirs.href, 'create schema finance authorization clerk')
    theirs.username = 'clerk'
    const moved = await cli(['restore', file, '--no-privileges', '--json'], { env: { DATABASE_URL: theirs.href } })
    expect(moved.code, moved.stderr).toBe(0)
    expect(JSON.parse(moved.stdout)).toMatchObject({ ok: true, restored: true })
    await execute(server.url, 'drop database theirs', 'drop role clerk')

    // One that is not what its manifest says.
    const manifest = JSON.parse(await readFile(`${file}.json`, 'utf8'))
    manifest.facts.tables.users.rows = 3
    await writeFile(`${file}.json`, JSON.stringify(manifest))
    const differs = await cli(['restore', file, '--verify'], { env })
    expect(differs).toMatchObject({ code: 3, stdout: expect.stringContaining('table users has 2 rows, not 3') })
    await writeFile(file, Buffer.concat([await readFile(file), Buffer.from('x')]))
    expect(await cli(['restore', file, '--verify'], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not the file'),
    })

    // One that breaks off leaves what is there.
    await rm(`${file}.json`)
    await writeFile(file, (await readFile(file)).subarray(0, -1000))
    const broken = await cli(['restore', file, '--replace', '--yes-destroy-data', 'postgres'], { env })
    expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining('pg_restore') })
    const left = await cli(['doctor', '--json'], { env })
    expect(JSON.parse(left.stdout)).toMatchObject({ ok: true })
    await execute(
      server.url,
      `do $$ begin
        assert (select count(*) from finance.users) = 2;
        assert not exists (select from pg_database where datname ~ '^finance_db_verify_');
      end $$`,
    )
  })

  test('go by what PGlite has', async () => {
    await using directory = await temporaryDirectory()
    const at = (name: string) => join(directory.path, name)
    await cli(['init', '--quiet', '--sample', '--pglite', at('one')])

    const nowhere = await cli(['backup', join(at('no'), 'b.tgz'), '--pglite', at('one')])
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('b.tgz cannot be written (ENOENT)') })
    const backup = await cli(['backup', at('b.tgz'), '--verify', '--json', '--pglite', at('one')])
    expect(backup.code, backup.stderr).toBe(0)
    expect(JSON.parse(backup.stdout)).toMatchObject({ kind: 'pglite', trial: { ok: true } })

    const restored = await cli(['restore', at('b.tgz'), '--pglite', at('two'), '--json'])
    expect(restored.code, restored.stderr).toBe(0)
    expect(JSON.parse(restored.stdout)).toMatchObject({ ok: true })
    expect((await cli(['restore', at('b.tgz'), '--pglite', at('two')])).code).toBe(2)

    const replace = ['restore', at('b.tgz'), '--replace', '--pglite', at('two')]
    const refused = await cli(replace)
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes-destroy-data postgres') })
    expect((await cli([...replace, '--yes-destroy-data', 'postgres'])).code).toBe(0)
    expect((await cli(['restore', at('b.tgz')], { env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' } })).code).toBe(2)

    // Without a manifest nobody knows whether it is as it was.
    await rm(at('b.tgz.json'))
    const alone = await cli(['restore', at('b.tgz'), '--quiet', '--pglite', at('three')])
    expect(alone).toMatchObject({ code: 0, stdout: expect.stringContaining('every invariant holds in what is there') })
    expect(alone.stdout).not.toContain('as it was')
  })
})
