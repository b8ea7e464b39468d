import { type Kysely, sql } from 'kysely'
import { describe, expect } from 'vitest'
import { checkSchema } from '../../src/doctor/check-schema.js'
import { DatabaseTooNewError, migrate, SchemaMissingError } from '../../src/index.js'
import { migrations } from '../../src/migrations/list.js'
import { emptyDatabase } from '../migrations/support.js'
import { execute } from '../server.js'
import { freshDatabase, test } from '../support.js'

async function run<DB>(db: Kysely<DB>, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

/** Each breaks one thing, and is to be found as this kind, name and problem. */
const damages: readonly (readonly [statement: string, ...found: string[]])[] = [
  [
    'drop table finance.chat_logs cascade',
    'table finance.chat_logs missing',
    'index finance.chat_logs_created_at_idx missing',
    'comment table finance.chat_logs missing',
  ],
  ['alter table finance.insights drop column message', 'column finance.insights.message missing'],
  [
    'alter table finance.recommendations alter column title type varchar(900)',
    'column finance.recommendations.title different',
  ],
  ['alter table finance.users alter column is_active drop not null', 'column finance.users.is_active different'],
  ['alter table finance.users alter column is_active set default false', 'column finance.users.is_active different'],
  ['alter table finance.cards alter column status drop default', 'column finance.cards.status different'],
  ['alter table finance.investments add constraint nothing check (true)'],
  [
    'alter table finance.investments drop constraint investments_account_id_fkey',
    'constraint investments_account_id_fkey on finance.investments missing',
  ],
  [
    'alter table finance.consent_records drop constraint consent_records_user_id_fkey',
    'constraint consent_records_user_id_fkey on finance.consent_records not-valid',
  ],
  [
    'alter table finance.consent_records add constraint consent_records_user_id_fkey foreign key (user_id) references finance.users (id) on delete cascade not valid',
  ],
  [
    'alter table finance.users drop constraint users_email_check',
    'constraint users_email_check on finance.users different',
  ],
  ["alter table finance.users add constraint users_email_check check (email <> '')"],
  ['drop index finance.transactions_date_idx', 'index finance.transactions_date_idx missing'],
  ['drop index finance.users_email_key', 'index finance.users_email_key different'],
  ['create index users_email_key on finance.users (email)'],
  [
    'create or replace function finance.touch_updated_at() returns trigger language plpgsql as $$begin return new; end$$',
    'function finance.touch_updated_at() different',
  ],
  ['alter function finance.seal_audit_log() security invoker', 'function finance.seal_audit_log() different'],
  ['alter function finance.guard_balance() reset search_path', 'function finance.guard_balance() different'],
  ['drop function finance.audit_snapshot(uuid)', 'function finance.audit_snapshot(person uuid) missing'],
  [
    'grant execute on function finance.write_audit(uuid, text, uuid, text, text) to public',
    'grant execute on function finance.write_audit(user_id uuid, table_name text, row_id uuid, operation text, changes text) to public exposed',
  ],
  ['grant select on finance.users to public', 'grant select on table finance.users to public exposed'],
  [
    'grant execute on function finance.uuid_v7() to public',
    'grant execute on function finance.uuid_v7() to public exposed',
  ],
  [
    'alter table finance.transactions disable trigger transactions_post_inserted',
    'trigger transactions_post_inserted on finance.transactions switched-off',
  ],
  [
    'drop trigger accounts_balance_guard_insert on finance.accounts',
    'trigger accounts_balance_guard_insert on finance.accounts missing',
  ],
  ['drop trigger users_touch on finance.users', 'trigger users_touch on finance.users different'],
  [
    'create trigger users_touch before insert on finance.users for each row execute function finance.touch_updated_at()',
  ],
  [
    'alter table finance.accounts disable trigger all',
    'constraint accounts_user_id_fkey on finance.accounts switched-off',
  ],
  ['alter table finance.accounts enable trigger user'],
  ['alter table finance.users disable row level security', 'table finance.users switched-off'],
  ['alter table finance.insights set (fillfactor = 50)', 'table finance.insights different'],
  ['alter table finance.computed_features set unlogged', 'table finance.computed_features different'],
  ["comment on column finance.users.role is 'Edited.'", 'comment column finance.users.role different'],
  ['comment on table finance.users is null', 'comment table finance.users missing'],
  ['alter table finance.transactions drop column direction', 'column finance.transactions.direction missing'],
]

const found = ({ differences }: Awaited<ReturnType<typeof checkSchema>>) =>
  differences.map(({ kind, name, problem }) => `${kind} ${name} ${problem}`)

describe('checkSchema', { timeout: 120_000 }, () => {
  test('has nothing to say of a migrated database, whatever its version, its settings, and the name of its schema', async () => {
    await using fresh = await freshDatabase()
    await using empty = await emptyDatabase()
    await expect(checkSchema(empty.db)).rejects.toThrow(SchemaMissingError)
    for (const setting of ["datestyle = 'SQL, DMY'", 'quote_all_identifiers = on'])
      await execute(empty.url, `alter database ${empty.name} set ${setting}`)
    await migrate(empty.connect(), { schema: 'order' })

    const [usual, other] = [await checkSchema(fresh.db), await checkSchema(empty.connect(), { schema: 'order' })]

    expect(usual).toEqual({
      schema: 'finance',
      ok: true,
      differences: [],
      added: [],
      pending: [],
      edited: [],
      script: '',
    })
    expect(other).toEqual({ ...usual, schema: 'order' })
  })

  test('tells a computed column that is stored from one that is not', async ({ skip }) => {
    await using fresh = await freshDatabase()
    const { rows } = await sql<{ version: number }>`
      select current_setting('server_version_num')::int4 as version`.execute(fresh.db)
    skip((rows[0]?.version ?? 0) < 180_000, 'before PostgreSQL 18 all are stored')
    const computed = "generated always as (case when amount < 0 then 'debit' else 'credit' end)"
    await run(
      fresh.db,
      'alter table finance.transactions drop column direction',
      `alter table finance.transactions add column direction text ${computed} virtual not null`,
    )

    const { differences } = await checkSchema(fresh.db)

    const column = differences.filter(({ kind }) => kind === 'column')
    expect(column).toMatchObject([
      { name: 'finance.transactions.direction', problem: 'different', expected: 'stored', found: 'virtual' },
    ])
    for (const { mend } of differences) await run(fresh.db, ...mend)
    expect(await checkSchema(fresh.db)).toMatchObject({ ok: true })
  })

  test('finds every kind of damage, and its statements mend it', async () => {
    await using fresh = await freshDatabase()
    for (const [statement] of damages) await run(fresh.db, statement)

    const damaged = await checkSchema(fresh.db)

    const said = found(damaged)
    for (const [statement, ...expected] of damages) {
      for (const line of expected) expect(said, statement).toContain(line)
    }
    expect(damaged.ok).toBe(false)
    expect(damaged.added).toEqual([{ kind: 'constraint', name: 'nothing on finance.investments' }])
    for (const { mend } of damaged.differences) await run(fresh.db, ...mend)

    // What its history says is another matter.
    const [first, last] = [migrations[0]?.name, migrations.at(-1)?.name]
    await run(
      fresh.db,
      `update finance.migrations set checksum = repeat('0', 64) where name = '${first}'`,
      `delete from finance.migrations where name = '${last}'`,
    )
    expect(await checkSchema(fresh.db)).toMatchObject({ ok: false, differences: [], pending: [last], edited: [first] })
    await run(fresh.db, `update finance.migrations set name = '9999_newer' where name = '${first}'`)
    await expect(checkSchema(fresh.db)).rejects.toThrow(DatabaseTooNewError)
  })
})
