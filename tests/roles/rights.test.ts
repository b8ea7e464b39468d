import { type Kysely, sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Database } from '../../src/schema/database.js'
import { provisionedDatabase } from './support.js'

const all = 'DELETE INSERT SELECT UPDATE'
const accountColumns =
  'account_number_last4 account_type created_at credit_limit currency external_id id institution minimum_balance name opening_balance status updated_at user_id'

test('each kind of role has its rights in the schema and no other', { timeout: 120_000 }, async () => {
  await using database = await provisionedDatabase()
  const { owner, names } = database
  const ofPersons = await tablesOfPersons(owner)

  expect(await rightsOf(owner, names.app)).toEqual({
    tables: {
      ...Object.fromEntries([...ofPersons, 'auth_attempts'].map((table) => [table, all])),
      accounts: 'DELETE SELECT',
      ...Object.fromEntries(['audit_log', 'audit_seals', 'migrations', 'readable_columns'].map((t) => [t, 'SELECT'])),
    },
    columns: { 'accounts INSERT': accountColumns, 'accounts UPDATE': accountColumns },
    definers: ['accept_p2p', 'end_p2p', 'erase_audit'],
  })
  expect(await rightsOf(owner, names.member)).toEqual({
    tables: {
      ...Object.fromEntries(
        ofPersons.filter((table) => !['users', 'auth_sessions'].includes(table)).map((table) => [table, all]),
      ),
      accounts: 'DELETE SELECT',
      decision_traces: 'INSERT SELECT',
      p2p_transfers: 'INSERT SELECT',
      // What was done and asked about the person is not theirs to change.
      ...Object.fromEntries(
        ['agent_queries', 'audit_log', 'audit_seals', 'operator_actions'].map((table) => [table, 'SELECT']),
      ),
    },
    columns: {
      'accounts INSERT': accountColumns,
      'accounts UPDATE': accountColumns,
      'auth_sessions SELECT':
        'client created_at ends_at expires_at family_id id replaced_by revoked_at started_at updated_at user_id',
      'users SELECT':
        'created_at email erased_at external_auth_id financial_goals first_name id is_active last_name phone_number role updated_at username',
      'users UPDATE': 'email financial_goals first_name last_name phone_number username',
    },
    definers: ['accept_p2p', 'end_p2p', 'scoped_user', 'set_scope'],
  })

  const [agent, analyst] = [await rightsOf(owner, names.agent), await rightsOf(owner, names.analyst)]
  const open = Object.entries(agent.columns).map(([what]) => what)
  expect(open.filter((what) => !what.endsWith(' SELECT'))).toEqual([])
  // Nothing about how people log in, what was done about them, or of the machinery.
  expect(open.join()).not.toMatch(/auth|audit|agent_queries|scope_keys|database_roles|migrations|readable_columns/)
  expect(Object.values(agent.columns).join(' ')).not.toMatch(/hash|token|salt|inputs|digest/)
  expect(agent).toMatchObject({ tables: {}, definers: ['scoped_user'] })
  expect(analyst).toEqual({ ...agent, definers: [] })
  for (const role of [names.agent, names.analyst]) {
    expect(await functionsOf(owner, role, false)).toEqual(['minor_units', 'round_half_even'])
  }
  for (const role of [names.app, names.member]) {
    const forTheOwner = ['apply_roles', 'role_changes', 'audit_table', 'audit_snapshot', 'write_audit']
    expect((await functionsOf(owner, role, false)).filter((name) => forTheOwner.includes(name))).toEqual([])
  }

  // Nothing is left to be changed, however the session prints names.
  await owner.transaction().execute(async (trx) => {
    await sql`set local quote_all_identifiers = on`.execute(trx)
    expect((await sql`select * from finance.role_changes()`.execute(trx)).rows).toEqual([])
  })
})

test('rows of persons are limited on every table, for roles of one person and no others', {
  timeout: 120_000,
}, async () => {
  await using database = await provisionedDatabase()
  const { owner, names } = database
  const limited = (using: string, check = using) => ({ permissive: false, command: '*', using, check })
  const mine = '(user_id = ( SELECT finance.scoped_user() AS scoped_user))'
  const { rows } = await sql<{ name: string; secured: boolean; policies: Record<string, unknown> }>`
    select c.relname::text as name, c.relrowsecurity as secured, (
      select jsonb_object_agg(array_to_string(array(select coalesce(r.rolname, 'public')
          from unnest(p.polroles) o left join pg_roles r on r.oid = o), ','),
        jsonb_build_object('permissive', p.polpermissive, 'command', p.polcmd,
          'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)))
      from pg_policy p where p.polrelid = c.oid) as policies
    from pg_class c where c.relnamespace = 'finance'::regnamespace and c.relkind = 'r' and c.relname = any (${await tablesOfPersons(owner)})`.execute(
    owner,
  )

  expect(rows.length).toBeGreaterThan(20)
  for (const { name, secured, policies } of rows) {
    const rule =
      name === 'users'
        ? limited(mine.replace('user_id', 'id'))
        : name === 'p2p_transfers'
          ? limited(
              `(${mine} OR ${mine.replace('user_id', 'recipient_id')})`,
              `(${mine} AND (status = 'pending'::text))`,
            )
          : limited(mine)
    expect({ name, secured, policies }).toEqual({
      name,
      secured: true,
      policies: {
        public: { permissive: true, command: '*', using: 'true', check: 'true' },
        [names.member]: rule,
        [names.agent]: rule,
      },
    })
  }
})

async function tablesOfPersons(owner: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select c.relname::text as name from pg_class c
    where c.relnamespace = 'finance'::regnamespace and c.relkind = 'r' and (c.relname = 'users' or exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = 'user_id'))`.execute(owner)
  return rows.map(({ name }) => name)
}

/** As the server says, whatever it comes from. */
async function rightsOf(owner: Kysely<Database>, role: string) {
  const { rows } = await sql<{ name: string; rights: string }>`
    select c.relname::text as name, string_agg(p, ' ' order by p) as rights
    from pg_class c cross join unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) p
    where c.relnamespace = 'finance'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and has_table_privilege(${role}, c.oid, p)
    group by c.relname`.execute(owner)
  const { rows: columns } = await sql<{ what: string; columns: string }>`
    select c.relname || ' ' || p as what, string_agg(a.attname, ' ' order by a.attname) as columns
    from pg_class c cross join unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) p
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'finance'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
      and has_column_privilege(${role}, c.oid, a.attnum, p) and not has_table_privilege(${role}, c.oid, p)
    group by c.relname, p`.execute(owner)
  return {
    tables: Object.fromEntries(rows.map(({ name, rights }) => [name, rights])),
    columns: Object.fromEntries(columns.map(({ what, columns }) => [what, columns])),
    definers: await functionsOf(owner, role, true),
  }
}

/** Those that it may call: that run as their owner or are for triggers, or the others. */
async function functionsOf(owner: Kysely<Database>, role: string, special: boolean): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select p.proname::text as name from pg_proc p
    where p.pronamespace = 'finance'::regnamespace and (p.prosecdef or p.prorettype = 'trigger'::regtype) = ${special}
      and has_function_privilege(${role}, p.oid, 'execute') order by 1`.execute(owner)
  return rows.map(({ name }) => name)
}
