import { sql } from 'kysely'
import { expect } from 'vitest'
import { allowedFunctions, allowedTypes } from '../../src/readonly/guard/functions.js'
import { dangerousBuiltins } from '../../src/roles/builtins.js'
import { test } from '../support.js'

/** Change with each call, and nothing else. */
const volatile = ['array_sample', 'array_shuffle', 'clock_timestamp', 'random', 'random_normal', 'timeofday']

test('the guard allows no function that acts, or that looks anything up by its name', async ({ db }) => {
  const names = [...allowedFunctions]
  const { rows } = await sql<{ name: string; volatile: boolean; looks: boolean }>`
    select p.proname::text as name, bool_or(p.provolatile = 'v') as volatile,
      bool_or(exists (select from unnest(p.proargtypes::oid[] || p.prorettype) t
        where t in (${sql.join(['regclass', 'regproc', 'regrole', 'regtype', 'oid', 'refcursor', 'xid', 'xid8'].map((t) => sql`${t}::regtype`))}))) as looks
    from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any (${names}) and p.prokind <> 'a'
      and not (p.proname = 'age' and p.proargtypes[0] = 'xid'::regtype)
    group by p.proname order by 1`.execute(db)

  expect(rows.length).toBeGreaterThan(200)
  expect(rows.filter((row) => row.volatile && !volatile.includes(row.name))).toEqual([])
  expect(rows.filter(({ looks, name }) => looks && name !== 'int8')).toEqual([])
  expect(names.filter((name) => dangerousBuiltins.includes(name))).toEqual([])
  expect(
    names.filter((name) => /^(pg_|lo_|txid_|has_|inet_|to_reg|current_|session_|setting|ts_stat|ts_debug)/.test(name)),
  ).toEqual([])
  expect([...allowedTypes].filter((type) => /^(reg|oid|xid|cid$|refcursor|pg_|xml|record|any)/.test(type))).toEqual([])
})

test('no operator of Postgres acts, since the guard allows them all', async ({ db }) => {
  const { rows } = await sql<{ name: string }>`select o.oid::regoperator::text as name
    from pg_operator o join pg_proc p on p.oid = o.oprcode
    where o.oprnamespace = 'pg_catalog'::regnamespace and p.provolatile = 'v'`.execute(db)
  expect(rows).toEqual([])
})
