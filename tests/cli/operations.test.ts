import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect } from 'vitest'
import { createUser } from '../people.js'
import { execute } from '../server.js'
import { freshDatabase, test } from '../support.js'
import { cli, temporaryDirectory } from './support.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

describe('finance-db, in operation', { timeout: 120_000 }, () => {
  test('doctor says what differs, and prints what mends it', async () => {
    await using fresh = await freshDatabase()
    await execute(
      fresh.url,
      'alter table finance.users alter column is_active drop default',
      'create table finance.theirs (id int)',
      'create role doctor_grantee',
      'grant select, insert on finance.users, finance.accounts to doctor_grantee',
    )
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/none', DATABASE_MIGRATION_URL: fresh.url }

    const said = await cli(['doctor'], { env })
    const script = await cli(['doctor', '--sql'], { env })

    expect(said.code).toBe(3)
    expect(said.stdout).toContain('column finance.users.is_active: different')
    expect(said.stdout).toContain('table finance.theirs')
    expect(said.stdout).toContain('4 privileges of doctor_grantee')
    expect(said.stdout).not.toContain('grant select')
    expect(script.stdout).toContain('alter table finance.users alter column is_active set default true;')
    expect(script.stdout).not.toContain('theirs')
    await execute(fresh.url, 'drop owned by doctor_grantee', 'drop role doctor_grantee')
  })

  test('purge counts first, and wants to be told what', async () => {
    await using fresh = await freshDatabase()
    const { id } = await createUser(fresh.db)
    await execute(
      fresh.url,
      `insert into finance.chat_logs (user_id, message, response, created_at) values ('${id}', 'm', 'r', now() - interval '9 days')`,
    )
    const env = { DATABASE_URL: fresh.url }
    const purge = async (...args: string[]) =>
      JSON.parse((await cli(['purge', '--json', ...args], { env })).stdout).tables

    expect((await cli(['purge'], { env })).code).toBe(2)
    for (const table of ['auth_sessions', 'auth_attempts', 'decision_traces', 'agent_queries'])
      expect(await purge(`--${table.replace('_', '-')}`, '8', '--dry-run')).toMatchObject([{ table }])
    expect(await purge('--chat-logs', '8', '--dry-run')).toMatchObject([{ table: 'chat_logs', rows: 1 }])
    expect(await purge('--chat-logs', '10')).toMatchObject([{ rows: 0 }])
    expect(await purge('--chat-logs', '8', '--hold', id)).toMatchObject([{ rows: 0 }])
    expect(await purge('--chat-logs', '8')).toMatchObject([{ rows: 1 }])
  })

  test('make begins migrations of a host, which run', async () => {
    await using fresh = await freshDatabase()
    await using directory = await temporaryDirectory()
    const cwd = directory.path

    expect((await cli(['make', 'Not-a-name'], { cwd })).code).toBe(2)
    expect((await cli(['make', 'things', '--js'], { cwd })).code).toBe(0)
    const files = await readdir(join(cwd, 'migrations'))
    expect(files).toEqual([expect.stringMatching(/^\d{14}_things\.js$/), 'index.js'])

    await writeFile(join(cwd, 'package.json'), '{"type":"module"}')
    await mkdir(join(cwd, 'node_modules'))
    await symlink(join(root, 'node_modules', 'kysely'), join(cwd, 'node_modules', 'kysely'))
    const code = `import { createFinanceDb, migrate } from '${root}src/index.ts'
import { migrations } from './migrations/index.js'
const db = createFinanceDb()
console.log(JSON.stringify(await migrate(db, { migrations })))
await db.destroy()`
    await writeFile(join(cwd, 'run.ts'), code)
    const output = execFileSync(process.execPath, ['--import', import.meta.resolve('tsx'), 'run.ts'], {
      cwd,
      env: { PATH: process.env.PATH ?? '', DATABASE_URL: fresh.url },
    }).toString()
    expect(JSON.parse(output).applied).toEqual([files[0]?.replace('.js', '')])
  })

  test('make begins migrations of ours, listed', async () => {
    await using directory = await temporaryDirectory()
    const cwd = directory.path
    await writeFile(join(cwd, 'package.json'), '{"name":"@org/finance-db"}')
    await mkdir(join(cwd, 'src', 'migrations'), { recursive: true })
    const list =
      "import type { SqlMigration } from './shape.js'\n\nexport const migrations: readonly SqlMigration[] = [\n]\n"
    await writeFile(join(cwd, 'src/migrations/list.ts'), list)
    await writeFile(join(cwd, 'src/migrations/0099_last.ts'), '')

    await cli(['make', 'big_index', '--online'], { cwd })

    expect(await readFile(join(cwd, 'src/migrations/list.ts'), 'utf8')).toBe(
      "import { bigIndex } from './0100_big_index.js'\nimport type { SqlMigration } from './shape.js'\n\nexport const migrations: readonly SqlMigration[] = [\n  bigIndex,\n]\n",
    )
    const made = await readFile(join(cwd, 'src/migrations/0100_big_index.ts'), 'utf8')
    expect(made).toContain('online: true')
    expect(made).toMatch(/`create index things_name_idx on \$\{finance\}\.things \(name\)`/)
  })

  test('codegen writes the types of the tables of a host', async () => {
    await using fresh = await freshDatabase()
    await using directory = await temporaryDirectory()
    await execute(
      fresh.url,
      `create table public.orders (id bigint primary key, total numeric not null, state text not null check (state in ('open', 'paid')))`,
    )
    const file = join(directory.path, 'tables.ts')
    const env = { DATABASE_URL: fresh.url }

    expect((await cli(['codegen', file, '--check'], { env })).code).toBe(3)
    expect((await cli(['codegen', file], { env })).code).toBe(0)

    const types = await readFile(file, 'utf8')
    expect(types).toContain('total: string')
    expect(types).toMatch(/state: "open" \| "paid"|state: 'open' \| 'paid'/)
    expect(types).not.toContain('chat_logs')
    expect((await cli(['codegen', file, '--check'], { env })).code).toBe(0)
    const nowhere = await cli(['codegen', join(directory.path, 'no', 'tables.ts')], { env })
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('tables.ts cannot be written (ENOENT)') })
  })
})
