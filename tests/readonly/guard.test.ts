import { describe, expect, test } from 'vitest'
import { QueryRefusedError } from '../../src/index.js'
import { checkQuery, type GuardSchema } from '../../src/readonly/index.js'

const schema: GuardSchema = {
  schema: 'finance',
  readable: new Map([
    ['accounts', ['id', 'user_id', 'name', 'balance']],
    ['transactions', ['id', 'amount', 'date']],
    ['users', ['id', 'email', 'first_name']],
  ]),
  partly: new Set(['users']),
}

const refused: Readonly<Record<string, readonly string[]>> = {
  statement: [
    'insert into accounts values (1)',
    'with x as (delete from accounts returning *) select * from x',
    'with x as (insert into accounts select * from accounts returning id) select * from x',
    'with x as (merge into accounts a using accounts b on true when matched then delete) select 1',
    'select 1; select 2',
    'explain select 1',
    'explain analyze select 1',
    'set transaction read write',
    'copy (select 1) to stdout',
    'do $$ begin end $$',
    'show all',
  ],
  write: ['select * into x from accounts', 'select 1 into temp x', 'select 1 union select 2 into x'],
  clause: [
    'select id from accounts union all (select id from accounts for update)',
    'select id from accounts for update',
    'select id from (select id from accounts for share) s',
    'select xmlelement(name a)',
    "select xmlparse(content '<a/>')",
  ],
  relation: [
    'select * from pg_authid',
    'select * from pg_catalog.pg_class',
    'select * from information_schema.tables',
    'select * from auth_sessions',
    'select * from public.accounts',
    'with pg_class as (select 1 as n) select * from pg_catalog.pg_class',
    'with a as (select 1) select * from (with b as (select 2) select * from pg_roles) s',
    'select 1 union all select 1 from pg_user',
    'select * from other.finance.accounts',
    'with a as (select 1) select * from pg_class, a',
    'with pg_class as (select * from pg_class) select * from pg_class',
    'select * from (with pg_class as (select 1) select 1) s, pg_class',
    'select (select rolname from pg_roles limit 1)',
    'select 1 where exists (table pg_shadow)',
    'select * from accounts a join lateral (select * from pg_stats) s on true',
    'values ((select count(*) from pg_proc))',
    'select 1 order by (select 1 from pg_user)',
    'select 1 limit (select 1 from pg_user)',
    'select count(*) filter (where exists (select from pg_user)) from accounts',
    'select sum(1) over (order by (select 1 from pg_user)) from accounts',
    'select case when true then (select 1 from pg_user) end',
    'select array(select 1 from pg_user)',
    'select * from accounts tablesample system ((select 1 from pg_user))',
    "select * from json_table((select json_agg(rolname) from pg_roles), '$[*]' columns (a text path '$')) j",
    'with recursive r as (select 1 as n union all select n + 1 from r, pg_user) select * from r',
  ],
  column: [
    'select ctid from accounts',
    'select a.xmin from accounts a',
    'select xmax from accounts',
    'select cmin, cmax from accounts',
    'select tableoid from accounts',
    'select (a).ctid from accounts a',
    'select * from users',
    'select * from users tablesample system (50)',
    'with users as (select 1 as n) select * from finance.users',
    'select users.* from users join accounts on true',
    'select u.* from accounts a join users u on true',
    'select x.id from (select * from users) x',
    "select ('accounts').pg_relation_size from accounts",
    'select a.pg_column_size from accounts a',
    'select a.record_out from accounts a',
    // a function, called as a field of its argument
    "select ('x').current_setting",
    "select ('x'::text).current_setting",
    'select ($1).current_setting',
    'select (name).current_setting from accounts',
    "select (array['x'])[1].current_setting",
    "select (select 'x').to_regclass",
    "select (row('x')).f1.current_setting",
    'select (0.5).setseed',
    "select x.current_setting from unnest(array['x']) x",
    "select unnest.current_setting from unnest(array['x'])",
    "select x.current_setting from cast('x' as text) x",
    "select x.current_setting from rows from (unnest(array['x'])) x",
    "select x.current_setting from unnest(array['x']) x, (select 1 as current_setting) y",
    "select current_setting.current_setting from unnest(array['x']) current_setting(y)",
    "select (select x.current_setting from unnest(array['x']) x) from json_to_record('{}') as x(current_setting text)",
  ],
  function: [
    'select pg_sleep(1)',
    "select set_config('a.b', 'c', false)",
    "select current_setting('finance_db.scope')",
    'select pg_catalog.pg_sleep(1)',
    'select finance.scoped_user()',
    'select public.upper(name) from accounts',
    'select pg_advisory_lock(1)',
    "select query_to_xml('select 1', true, true, '')",
    "select pg_read_file('/etc/passwd')",
    "select * from pg_ls_dir('.')",
    "select * from dblink('', 'select 1') as t(a int)",
    'select lo_from_bytea(0, $1)',
    "select ts_stat('select 1')",
    "select nextval('x')",
    'select current_user',
    "select text.current_setting from cast('x' as text)",
    'select id from accounts tablesample public.system (50)',
    'select id from accounts tablesample extern (50)',
    'select current_schema, 1',
    'select user',
    'select session_user, current_catalog, current_schema',
    'select * from current_user',
    "select * from rows from (generate_series(1, 2), pg_ls_dir('.')) x",
    "select has_table_privilege('x', 'select')",
    'select version()',
    "select to_regclass('pg_authid')",
    'select pg_terminate_backend(1)',
    'select txid_current(), pg_current_xact_id()',
    'select pg_export_snapshot()',
    "select pg_notify('a', 'b')",
    'select inet_server_addr()',
    'select "Upper"(name) from accounts',
    'select count(*) filter (where pg_sleep(1) is null) from accounts',
    'select * from accounts order by pg_sleep(1)',
    'select * from accounts limit pg_backend_pid()',
    'select sum(balance) over (partition by pg_sleep(1)) from accounts',
    'with w as materialized (select pg_sleep(1)) select 1',
    'select 1 group by pg_sleep(1)',
    'select * from accounts where id in (select pg_sleep(1)::text)',
    'select gen_random_uuid()',
    'select set_byte(pg_read_binary_file($1), 1, 1)',
    "select json_value(pg_read_file('a')::json, '$')",
    'select coalesce(pg_sleep(1)::text, greatest(1, pg_backend_pid())::text)',
  ],
  type: [
    "select 'pg_authid'::regclass",
    "select cast('upper' as regproc)",
    "select 'x'::pg_catalog.regrole",
    'select null::finance.accounts',
    "select 'x'::finance.text",
    "select '<a/>'::xml",
    "select 'c'::refcursor",
    "select 'x'::accounts",
    "select '1'::oid",
    "select json_value('{}', '$' returning regclass)",
    "select * from json_to_record('{}') as x(a regclass)",
    "select '{pg_authid}'::regclass[]",
    "select regclass 'pg_authid'",
  ],
  operator: [
    'select 1 operator(public.+) 2',
    'select 1 operator(public.=) any (select 1)',
    'select id from accounts order by id using operator(finance.<)',
  ],
  syntax: ['select from where', 'select (((', `select ${'('.repeat(30_000)}1`, `select 1${'+1'.repeat(24_000)}`],
}

describe('the guard', () => {
  test.each(Object.entries(refused).flatMap(([reason, queries]) => queries.map((query) => [reason, query] as const)))(
    'refuses for its %s: %s',
    async (reason, query) => {
      const error: unknown = await checkQuery(query, schema).catch((e: unknown) => e)

      expect(error).toBeInstanceOf(QueryRefusedError)
      expect((error as QueryRefusedError).reason).toBe(reason)
      expect((error as QueryRefusedError).message).toMatch(/[.!]$/)
    },
  )

  test.each([
    'select * from accounts',
    'select a.* from finance.accounts a, users u where u.id = a.user_id',
    'select count(*) from users',
    'select id, email from users',
    'with pg_class as (select 1 as n) select n from pg_class',
    'with a as (select 1 as n), b as (select * from a) select * from b',
    'with recursive a as (select 1 as n union all select n + 1 from a where n < 3) select * from a',
    'with users as (select id from accounts) select * from users',
    "select pg_catalog.upper('x')",
    'select count(u) from users u',
    'values (1), (2)',
    'table accounts',
    'select 1;',
    'with a as (select 1 as n) select * from (with b as (select n from a) select b.n from b, a) s',
    '(with a as (select 1 as n) select n from a) union all select 2',
    'select 1 operator(pg_catalog.+) 2',
    'select 1 operator(pg_catalog.=) any (select 1)',
    'select xmin.id from accounts xmin',
    'select id from accounts tablesample bernoulli (50)',
    `select name collate "de-DE-x-icu" from accounts order by name collate pg_catalog."C"`,
    'select g.g, g from generate_series(1, 2) g',
    'select generate_series.generate_series from generate_series(1, 2)',
    'select d.day::date from generate_series(1, 2) d(day)',
    "select (jsonb_each('{}')).key, e.key, e.value from jsonb_each('{}') e",
    "select r.a from json_to_record('{}') as r(a int)",
    "select r.a from rows from (json_to_record('{}') as (a int)) as r",
    "select r.a, r.b, r.ordinality from rows from (json_to_record('{}') as (a int), unnest(array[1])) with ordinality r(a, b)",
    'select (a).balance, a.balance from accounts a',
    "select (name).upper, ('x').upper from accounts",
  ])('lets through: %s', async (query) => {
    await checkQuery(query, schema)
  })

  test('says what is allowed, and where the trouble is', async () => {
    await expect(checkQuery('select * from payments', schema)).rejects.toMatchObject({
      message: 'There is no table payments that may be read.',
      hint: 'Tables that may be read: accounts, transactions, users.',
      position: 15,
    })
    await expect(checkQuery('select * from pg_authid', schema)).rejects.toThrow('The catalogue (pg_authid) is closed.')
    await expect(checkQuery('select id from accounts for share', schema)).rejects.toThrow(/leave the clause out/)
    await expect(checkQuery('select * from users', schema)).rejects.toMatchObject({
      hint: 'Columns of users that may be read: id, email, first_name.',
    })
    await expect(checkQuery("select 'é', pg_sleep(1)", schema)).rejects.toMatchObject({
      position: 13,
      hint: /may not wait/,
    })
    await expect(checkQuery('select from where', schema)).rejects.toMatchObject({ position: expect.any(Number) })
    const nested = (n: number) => [
      `${'select * from ('.repeat(n / 2)}select 1${') x'.repeat(n / 2)}`,
      `select 1${'+1'.repeat(n)}`,
      `select 1${' union all select 1'.repeat(n)}`,
    ]
    for (const query of nested(390)) await checkQuery(query, schema)
    for (const query of [...nested(410), ...nested(2000), `select 1${'+1'.repeat(16_000)}`])
      await expect(checkQuery(query, schema)).rejects.toThrow('nested too deeply')
    // One line, whatever of the query is in it.
    await expect(checkQuery("select 'a\n\u202e", schema)).rejects.toThrow(/^Unterminated .*"'a "\.$/)
  })

  test('closes columns itself where the database does not', async () => {
    const open = { ...schema, hidden: new Set(['password_hash']) }
    for (const query of [
      'select password_hash from users',
      'select u.password_hash from users u',
      'select 1 from users order by finance.users.password_hash',
      'select to_json(u) from users u',
      'select to_json(x) from (select u from users u) x',
      'select users from users',
      'select count(x) from users x',
      'select count(u.*) from users u',
      'select to_json(finance.users.*) from finance.users',
      'select u.to_json from users u',
      'select finance.users.row_to_json from finance.users',
      'select c from users as u (a, b, c)',
      'select c from users as u (a, b, c) tablesample system (50)',
      'select to_json(j) from (users u join accounts a on true) as j',
      'select j.* from (accounts a cross join (users u join accounts b on true)) as j',
      'select j.* from (accounts a cross join users tablesample system (50)) as j',
      'select 1 from users natural join accounts',
      "select 1 from (values ('guess')) g (password_hash) natural join users",
      "select 1 from (values ('guess')) g (password_hash) join users using (password_hash)",
      'select j.* from users a join users b using (password_hash) as j',
    ]) {
      await expect(checkQuery(query, open), query).rejects.toThrow(QueryRefusedError)
    }
    for (const query of [
      'select email from users',
      'select users.email, u.id from users, users u',
      'select count(*), max(u.email) from users u join accounts using (id) group by u.id',
      'select to_json(a), a.* from accounts a natural join transactions',
      'select j.name from (accounts join transactions using (id)) as j (id, user_id, name)',
    ]) {
      await checkQuery(query, open)
    }
  })
})
