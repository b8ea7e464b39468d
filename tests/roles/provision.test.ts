import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { createFinanceDb, inspectRole, migrate, provisionRoles, provisionSql, users } from '../../src/index.js'
import type { Names } from '../../src/migrations/index.js'
import type { Database } from '../../src/schema/database.js'
import { emptyDatabase } from '../migrations/support.js'
import { createAccount } from '../people.js'
import { directly, execute, withDatabase } from '../server.js'
import { freshDatabase } from '../support.js'
import { dropRoles, newKey, outcome, password, provisionedDatabase, roleNames, urlAs } from './support.js'

describe('provisionRoles', { timeout: 180_000 }, () => {
  test('makes all, and again changes nothing', async () => {
    await using database = await provisionedDatabase()
    expect(database.result).toMatchObject({ refused: [], needsMigration: false })
    expect(database.result.done.length).toBeGreaterThan(50)

    const again = await provisionRoles(database.owner, database.options())
    expect(again).toMatchObject({ done: [], refused: [] })
    expect(await provisionSql(database.owner, database.options())).toBe('-- All is as it should be.\n')
  })

  test('sends no password, and tells none', async () => {
    await using database = await provisionedDatabase()
    const wanted = { roles: { agent: { name: 'finance_agent_of_nobody', password } } }
    const text = JSON.stringify(database.result) + (await provisionSql(database.owner, wanted, { secrets: true }))
    expect(text).not.toContain(password)
    expect(text).toContain('SCRAM-SHA-256$4096:')
    const plain = await provisionSql(database.owner, wanted)
    expect(plain).not.toContain('SCRAM-SHA-256')
    expect(plain).toContain(`-- has a secret, and is left out: alter role "finance_agent_of_nobody" password '…'`)
    await expect(provisionRoles(database.owner, { roles: { agent: { password: 'short' } } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    await expect(
      provisionRoles(database.owner, { roles: { agent: { name: 'x' }, app: { name: 'x' } } }),
    ).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
  })

  test('repeats no words of the server about a statement with a secret', async () => {
    await using database = await provisionedDatabase()
    await execute(
      database.url,
      `create function public.tell() returns trigger language plpgsql as
        $$ begin raise exception 'refused: %', encode(new.inner_key, 'hex'); end $$`,
      'create trigger tell before insert on finance.scope_keys for each row execute function public.tell()',
    )

    const { refused } = await provisionRoles(
      database.owner,
      database.options({ scopeKeys: [database.key, newKey('k2')] }),
    )

    expect(refused).toMatchObject([{ what: 'scopes signed with the key k2 hold', reason: 'SQLSTATE P0001' }])
    expect(JSON.stringify(refused)).not.toMatch(/[0-9a-f]{32}/)
  })

  test('keeps keys out of the log of a server that logs statements', async () => {
    await using database = await provisionedDatabase()
    const name = new URL(database.url).pathname.slice(1)
    await execute(
      database.url,
      `alter database ${name} set log_statement = 'all'`,
      `alter database ${name} set log_min_duration_statement = 0`,
      'create table public.logged as select name, setting from pg_settings limit 0',
      `create function public.look() returns trigger language plpgsql as $$ begin
        insert into public.logged select name, setting from pg_settings where name ~ '^log_(min_.*statement|statement)$';
        return new; end $$`,
      'create trigger look before insert on finance.scope_keys for each row execute function public.look()',
    )
    const again = createFinanceDb({ connectionString: directly(database.url), poolSize: 1 }, {})

    await provisionRoles(again, database.options({ scopeKeys: [database.key, newKey('k2')] }))

    const { rows } = await sql`select * from public.logged order by name`.execute(again)
    expect(rows).toEqual([
      { name: 'log_min_duration_statement', setting: '-1' },
      { name: 'log_min_error_statement', setting: 'panic' },
      { name: 'log_statement', setting: 'none' },
    ])
    const { rows: now } = await sql`select current_setting('log_statement') as setting`.execute(again)
    expect(now).toEqual([{ setting: 'all' }])
    await again.destroy()
  })

  test('lets go of the tables it has while it waits for one that is read for long', async () => {
    await using database = await freshDatabase()
    const { agent } = roleNames()
    const reader = await database.db.startTransaction().execute()
    await sql`lock table finance.users in access share mode`.execute(reader)
    const provisioned = provisionRoles(database.db, { roles: { agent: { name: agent } } })
    try {
      await expect.poll(() => waiters(database.db), { timeout: 30_000, interval: 50 }).toBe(1)

      // Behind it, since it has this table already.
      const other = await database.db.transaction().execute(async (trx) => {
        await sql`set local lock_timeout = '20s'`.execute(trx)
        return sql`select count(*)::int as n from finance.accounts`.execute(trx)
      })

      expect(other.rows).toEqual([{ n: 0 }])
      await reader.rollback().execute()
      expect(await provisioned).toMatchObject({ refused: [] })
      expect(await provisionRoles(database.db, { roles: { agent: { name: agent } } })).toMatchObject({ done: [] })
    } finally {
      if (!reader.isRolledBack) await reader.rollback().execute()
      await provisioned.catch(() => {})
      await execute(database.url, `drop owned by "${agent}"`)
      await dropRoles([agent])
    }
  })

  test('takes no rights from the role that is logged in', async () => {
    await using database = await provisionedDatabase()
    const root = `${database.names.app}_root`
    await execute(database.url, `create role ${root} superuser createrole login password '${password}'`)
    const db = createFinanceDb({ connectionString: urlAs(database.url, root), poolSize: 1 }, {})

    const outcomes = await Promise.all(
      [
        { roles: { app: { name: root } } },
        { roles: { agent: { name: root } } },
        { roles: {}, migrator: { name: root } },
      ].map((options) => provisionRoles(db, options).catch((error: unknown) => error)),
    )

    const { rows } = await sql<{ rolsuper: boolean }>`select rolsuper from pg_roles where rolname = ${root}`.execute(db)
    await db.destroy()
    await dropRoles([root])
    expect(rows).toEqual([{ rolsuper: true }])
    const refused = { code: 'INVALID_CONFIG', message: expect.stringContaining('is the role that is logged in') }
    expect(outcomes).toMatchObject([refused, refused, refused])
  })

  test('mends what was damaged', async () => {
    await using database = await provisionedDatabase()
    const { agent, app, member } = database.names
    const group = `${agent}_group`
    const name = new URL(database.url).pathname.slice(1)
    const damages: readonly (readonly [string, ...string[]])[] = [
      [`alter role ${agent} superuser createrole createdb bypassrls replication`],
      [`alter role ${agent} connection limit -1`],
      [`alter role ${agent} nologin`],
      [`alter role ${agent} password 'another'`],
      [`create role ${group}`, `grant ${group} to ${agent}`],
      [`alter role ${agent} in database ${name} set default_transaction_read_only = off`],
      [`alter role ${agent} in database ${name} reset statement_timeout`],
      [`alter role ${agent} set work_mem = '2GB'`],
      [`alter role ${agent} in database ${name} set row_security = off`],
      [`grant update (balance) on finance.accounts to ${app}`],
      [`grant update on finance.accounts to ${member}`],
      [`grant select on finance.users to ${agent}`],
      [`grant select (password_hash) on finance.users to ${agent} with grant option`],
      [`grant select on finance.audit_log to public`],
      [`grant select on finance.transactions to ${app} with grant option`],
      [`grant usage on schema finance to public`],
      [`grant update, delete on finance.agent_queries to ${member}`],
      [`grant execute on function finance.write_audit to ${app}`],
      [`grant execute on all functions in schema finance to public`],
      [`grant create on schema finance to ${agent}`],
      [`grant create on schema public to ${agent}`],
      [`grant temporary, create on database ${name} to ${agent}`],
      [`grant temporary on database ${name} to public`],
      [`revoke select on finance.transactions from ${app}`],
      [`revoke usage on schema finance from ${agent}`],
      [`alter table finance.accounts disable row level security`],
      [`drop policy ${agent} on finance.accounts`],
      [`alter policy ${agent} on finance.accounts using (true)`],
      [
        `drop policy ${agent} on finance.cards`,
        `create policy ${agent} on finance.cards using (user_id = (select finance.scoped_user()))`,
      ],
      [
        `drop policy ${agent} on finance.cards`,
        `create policy ${agent} on finance.cards to ${agent} using (user_id = (select finance.scoped_user()))
          with check (user_id = (select finance.scoped_user()))`,
      ],
      [
        `drop policy ${agent} on finance.cards`,
        `create policy ${agent} on finance.cards as restrictive for update to ${agent}
          using (user_id = (select finance.scoped_user())) with check (user_id = (select finance.scoped_user()))`,
      ],
      [`alter policy ${member} on finance.accounts with check (true)`],
      [`grant usage on sequence finance.audit_log_id_seq to ${agent}`],
      [
        `create view finance.cards_of_all as select * from finance.cards`,
        `grant select on finance.cards_of_all to ${agent}`,
      ],
      [`alter policy ${agent} on finance.transfers to public`],
      [`drop policy everyone on finance.accounts`],
      [`create table public.hosts (a int)`, `grant insert on public.hosts to ${agent}`],
      [`create table public.owned (a int)`, `alter table public.owned owner to ${agent}`],
      [`set role ${agent}`, 'alter default privileges grant select on tables to public'],
      [`set role ${agent}`, `select lo_create(0)`],
      [`alter table finance.chat_logs alter column message set statistics 100`],
      [`alter index finance.users_email_key alter column 1 set statistics 100`],
      [`grant select on pg_authid to ${agent}`],
      [`delete from finance.database_roles where name = '${agent}'`],
      [`delete from finance.scope_keys`],
    ]
    for (const damage of damages) {
      await execute(database.url, ...damage)
      const mended = await provisionRoles(database.owner, database.options())
      expect(mended, damage[0]).toMatchObject({ refused: [] })
      expect(mended.done.length, damage[0]).toBeGreaterThan(0)
      expect(await provisionRoles(database.owner, database.options()), damage[0]).toMatchObject({ done: [] })
    }
    const client = await database.client('agent')
    expect(await inspectRole((text, values) => client.query(text, values), 'finance')).toMatchObject({ fit: true })
    await execute(database.url, `drop role ${group}`)
  })

  test('gives rights that follow migrations: new tables need no other run, and agents read none of them until told', async () => {
    await using database = await provisionedDatabase()
    await migrate(database.owner, {
      migrations: [
        {
          name: 'host_0001',
          up: ({ finance }: Names) => [
            `create table ${finance}.goals (user_id uuid not null references ${finance}.users, id uuid, name text, primary key (user_id, id))`,
            `create function ${finance}.goal() returns int language sql security definer as 'select 1'`,
            `alter table ${finance}.accounts add column secret text`,
          ],
          down: () => [],
        },
        {
          name: 'host_0002',
          up: ({ finance }: Names) => [
            `create table ${finance}.wishes (user_id uuid not null references ${finance}.users, id uuid, primary key (user_id, id))`,
            `insert into ${finance}.readable_columns values ('wishes', 'id')`,
          ],
          down: () => [],
        },
      ],
    })
    const me = await createAccount(database.owner)
    await execute(
      database.url,
      `insert into finance.goals values ('${me.user_id}', '${me.id}')`,
      `insert into finance.wishes values ('${me.user_id}', '${me.id}')`,
    )

    const [app, member, agent, analyst] = [
      await database.client('app'),
      await database.client('member'),
      await database.client('agent'),
      await database.client('analyst'),
    ]
    expect((await app.query('select * from finance.goals')).rows).toHaveLength(1)
    expect(await outcome(app, 'select finance.goal()')).toBe('42501')
    expect(await outcome(app, `update finance.accounts set secret = 'x'`)).toBe('ok')
    await expect(member.query('select * from finance.goals')).rejects.toMatchObject({ constraint: 'scope_missing' })
    await expect(agent.query('select id from finance.wishes')).rejects.toMatchObject({ constraint: 'scope_missing' })
    expect((await analyst.query('select id from finance.wishes')).rows).toHaveLength(1)
    for (const client of [agent, analyst]) {
      expect(await outcome(client, 'select id from finance.goals')).toBe('42501')
      expect(await outcome(client, 'select secret from finance.accounts')).toBe('42501')
      expect(await outcome(client, 'select user_id from finance.wishes')).toBe('42501')
    }
    expect(await provisionRoles(database.owner, database.options())).toMatchObject({ done: [] })
  })

  test('works for another schema, and hands it to a migrator who goes on from there', async () => {
    await using database = await emptyDatabase()
    const names = roleNames()
    const options = {
      schema: 'order',
      migrator: { name: names.migrator, password },
      roles: { app: { name: names.app, password }, agent: { name: names.agent, password } },
    }
    try {
      const before = await provisionRoles(database.db, options)
      expect(before).toMatchObject({ refused: [], needsMigration: true })

      const migrator = createFinanceDb({ connectionString: urlAs(database.url, names.migrator), schema: 'order' }, {})
      await migrate(migrator, { vector: 'off' }).finally(() => migrator.destroy())
      expect(await provisionRoles(database.db, options)).toMatchObject({ refused: [], needsMigration: false })
      expect(await provisionRoles(database.db, options)).toMatchObject({ done: [] })

      const app = createFinanceDb({ connectionString: urlAs(database.url, names.app), schema: 'order' }, {})
      await users.create(app, { email: 'a@example.org' }).finally(() => app.destroy())
      const agent = new pg.Client(urlAs(database.url, names.agent))
      await agent.connect()
      const report = await inspectRole((text, values) => agent.query(text, values), 'order')
      expect(report).toMatchObject({ fit: true })
      await expect(agent.query('select id from users')).rejects.toMatchObject({ constraint: 'scope_missing' })
      await agent.end()
    } finally {
      await execute(
        database.url,
        `drop owned by "${names.migrator}" cascade`,
        ...[names.app, names.agent].map((name) => `drop owned by "${name}"`),
      )
      await dropRoles(Object.values(names))
    }
  })

  test('does what an owner who is no superuser may, and tells the rest', async () => {
    await using fresh = await freshDatabase()
    const names = roleNames()
    const owner = `${names.migrator}_owner`
    const name = new URL(fresh.url).pathname.slice(1)
    const findings = async () => {
      // Settings of a role come with a new session, and a pooler would give an old one.
      const agent = new pg.Client(directly(urlAs(fresh.url, names.agent)))
      await agent.connect()
      const report = await inspectRole((text, values) => agent.query(text, values), 'finance')
      await agent.end()
      expect(report).toMatchObject({ fit: true, sees: 'one-user' })
      return report.findings.map(({ code }) => code)
    }
    await execute(
      withDatabase(inject('databaseUrl'), 'postgres'),
      `create role ${owner} login createrole password '${password}'`,
    )
    try {
      await provisionRoles(fresh.db, { roles: {}, migrator: { name: owner } }).catch(() => undefined)
      await execute(fresh.url, `alter role ${owner} createrole`, `alter database ${name} owner to ${owner}`)
      const db = createFinanceDb({ connectionString: urlAs(fresh.url, owner) }, {})
      const options = {
        roles: { app: { name: names.app, password }, agent: { name: names.agent, password } },
        revokeBuiltins: ['pg_sleep'],
      }
      const result = await provisionRoles(db, options)
      expect(
        result.refused
          .map(({ what }) => what)
          .filter((what) => !/temp_file_limit|track_activities|pg_sleep|in schema public/.test(what)),
      ).toEqual([])
      expect(result.refused.map(({ what }) => what).join()).toMatch(/temp_file_limit/)
      expect(result.refused.map(({ what }) => what)).toContain(`${names.agent} has track_activities = off`)
      expect(result.refused.map(({ what }) => what).join()).toMatch(/pg_sleep/)
      const again = await provisionRoles(db, options)
      expect(
        again.done.map(({ what }) => what).filter((what) => !what.endsWith('the password that was given')),
      ).toEqual([])
      await migrate(db)
      expect(await findings()).toContain('activity')
      await execute(fresh.url, `grant set on parameter track_activities to ${owner}`)
      const granted = await provisionRoles(db, options)
      expect(granted.done.map(({ what }) => what)).toContain(`${names.agent} has track_activities = off`)
      expect(await findings()).not.toContain('activity')
      await db.destroy()

      const app = createFinanceDb({ connectionString: urlAs(fresh.url, names.app) }, {})
      await createAccount(app).finally(() => app.destroy())
    } finally {
      await execute(
        fresh.url,
        `alter database ${name} owner to current_user`,
        `reassign owned by ${owner} to current_user`,
        ...[names.app, names.agent, owner].map((role) => `drop owned by ${role}`),
      )
      await dropRoles([...Object.values(names), owner])
    }
  })

  test('takes dangerous functions from everybody but those who need them', async () => {
    await using database = await provisionedDatabase({ revokeBuiltins: true })
    expect(database.result.refused).toEqual([])
    const [agent, app] = [await database.client('agent'), database.as('app')]
    for (const text of [
      'select pg_sleep(0)',
      'select pg_advisory_lock(1)',
      `select pg_notify('a', 'b')`,
      `select query_to_xml('select 1', true, true, '')`,
      'select pg_current_xact_id()',
      'select lo_create(0)',
      'select * from pg_stat_activity',
    ]) {
      expect(await outcome(agent, text), text).toBe('42501')
    }
    expect(await outcome(agent, `select set_config('finance_db.scope', 'x', true)`)).toBe('ok')
    await createAccount(app)
    const report = await inspectRole((text, values) => agent.query(text, values), 'finance')
    expect(report.findings).toEqual([])
    expect(await provisionRoles(database.owner, database.options())).toMatchObject({ done: [] })
  })

  test('gives a script that an administrator runs to the same end', async () => {
    await using database = await freshDatabase()
    const names = roleNames()
    const options = { roles: { app: { name: names.app, password }, agent: { name: names.agent } } }
    const script = await provisionSql(database.db, options, { secrets: true })
    try {
      await execute(database.url, script.replaceAll(/^\\.*$/gm, ''))
      expect(await provisionRoles(database.db, options)).toMatchObject({ done: [], refused: [] })
      expect(await provisionSql(database.db, { roles: { agent: { name: names.agent, password } } })).not.toContain(
        'SCRAM',
      )
    } finally {
      await execute(database.url, ...[names.app, names.agent].map((name) => `drop owned by "${name}"`))
      await dropRoles(Object.values(names))
    }
  })
})

/** Sessions that wait for a table. */
async function waiters(db: Kysely<Database>): Promise<number | undefined> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from pg_locks l
    where l.locktype = 'relation' and not l.granted
      and l.database = (select oid from pg_database where datname = current_database())`.execute(db)
  return rows[0]?.n
}

describe('inspectRole', { timeout: 180_000 }, () => {
  test('finds each thing that makes a role unfit', async () => {
    await using database = await provisionedDatabase()
    const { agent } = database.names
    const name = new URL(database.url).pathname.slice(1)
    const group = `${agent}_g`
    const found = async () => {
      const client = new pg.Client(database.urlOf('agent'))
      await client.connect()
      const report = await inspectRole((text, values) => client.query(text, values), 'finance').finally(() =>
        client.end(),
      )
      for (const { sentence } of report.findings) expect(sentence).toMatch(/^[A-Z].*\.$/)
      return report.findings.filter(({ severity }) => severity === 'unfit').map(({ code }) => code)
    }
    const cases: readonly (readonly [code: string, damage: string, repair: string])[] = [
      ['superuser', `alter role ${agent} superuser`, `alter role ${agent} nosuperuser`],
      ['bypassrls', `alter role ${agent} bypassrls`, `alter role ${agent} nobypassrls`],
      ['createrole', `alter role ${agent} createrole`, `alter role ${agent} nocreaterole`],
      ['createdb', `alter role ${agent} createdb`, `alter role ${agent} nocreatedb`],
      ['replication', `alter role ${agent} replication`, `alter role ${agent} noreplication`],
      ['member', `create role ${group}; grant ${group} to ${agent}`, `drop role ${group}`],
      ['owner', `create table public.o (a int); alter table public.o owner to ${agent}`, 'drop table public.o'],
      ['writes', `create table public.h (a int); grant insert (a) on public.h to ${agent}`, 'drop table public.h'],
      ['writes', `create sequence public.s; grant usage on sequence public.s to public`, 'drop sequence public.s'],
      [
        'writes',
        `grant update (role) on finance.users to ${agent}`,
        `revoke update (role) on finance.users from ${agent}`,
      ],
      [
        'secret',
        `grant select (password_hash) on finance.users to ${agent}`,
        `revoke select (password_hash) on finance.users from ${agent}`,
      ],
      ['secret', `grant select on finance.scope_keys to ${agent}`, `revoke select on finance.scope_keys from ${agent}`],
      ['secret', `grant select on pg_authid to ${agent}`, `revoke select on pg_authid from ${agent}`],
      ['unlimited', `create table public.h (a int); grant select on public.h to public`, 'drop table public.h'],
      [
        'unlimited',
        `alter table finance.accounts disable row level security`,
        `alter table finance.accounts enable row level security`,
      ],
      ...['true', 'finance.scoped_user() is not null'].map(
        (open) =>
          [
            'unlimited',
            `alter policy ${agent} on finance.users using (${open})`,
            `alter policy ${agent} on finance.users using (id = (select finance.scoped_user()))`,
          ] as const,
      ),
      [
        'definer',
        `create function public.d() returns int language sql security definer as 'select 1'`,
        'drop function public.d()',
      ],
      ['outward', `create extension tablefunc`, 'drop extension tablefunc'],
      [
        'server-file',
        `grant execute on function pg_read_file(text) to ${agent}`,
        `revoke execute on function pg_read_file(text) from ${agent}`,
      ],
      [
        'parameter',
        `grant set on parameter log_statement to ${agent}`,
        `revoke set on parameter log_statement from ${agent}`,
      ],
      ['creates', `grant create on schema public to ${agent}`, `revoke create on schema public from ${agent}`],
      ['creates', `grant create on database ${name} to ${agent}`, `revoke create on database ${name} from ${agent}`],
      [
        'temporary',
        `grant temporary on database ${name} to public`,
        `revoke temporary on database ${name} from public`,
      ],
      [
        'large-object',
        `select lo_create(4711); grant update on large object 4711 to ${agent}`,
        'select lo_unlink(4711)',
      ],
    ]
    expect(await found()).toEqual([])
    for (const [code, damage, repair] of cases) {
      await execute(database.url, damage)
      expect(await found(), damage).toContain(code)
      await execute(database.url, repair)
      expect(await found(), repair).toEqual([])
    }
  })
})
