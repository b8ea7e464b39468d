import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { constraintSentences } from '../src/index.js'
import * as enums from '../src/schema/enums.js'
import { test } from './support.js'

describe('constraints', () => {
  test('each has a sentence, and each sentence a constraint', async ({ db }) => {
    const { rows } = await sql<{ name: string }>`
      select conname as name from pg_constraint where connamespace = 'finance'::regnamespace and contype in ('c', 'f', 'u')
      union
      select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
      where c.relnamespace = 'finance'::regnamespace and i.indisunique and not i.indisprimary
      union
      select encode((string_to_array(encode(tgargs, 'escape'), '\\000'))[1]::bytea, 'escape')
      from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where c.relnamespace = 'finance'::regnamespace and tgnargs > 0
      union
      select (regexp_matches(prosrc, 'constraint = ''(\\w+)''', 'g'))[1] from pg_proc where pronamespace = 'finance'::regnamespace`.execute(
      db,
    )
    const names = rows.map(({ name }) => name).filter((name) => !/^(migrations|documents)_/.test(name))
    const sentences = Object.keys(constraintSentences).filter((name) => !name.startsWith('documents_'))

    expect(sentences.sort()).toEqual(names.sort())
    for (const sentence of Object.values(constraintSentences)) expect(sentence).toMatch(/\.$/)
  })

  test('are named after their table, within the 63 bytes of Postgres', async ({ db }) => {
    const { rows } = await sql<{ table: string; name: string }>`
      select c.relname as table, k.conname as name from pg_constraint k join pg_class c on c.oid = k.conrelid
      where k.connamespace = 'finance'::regnamespace and k.contype in ('c', 'f', 'u', 'p')
      union
      select t.relname, i.relname from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
      where i.relnamespace = 'finance'::regnamespace`.execute(db)

    expect(rows.length).toBeGreaterThan(100)
    for (const { table, name } of rows) {
      expect(name).toMatch(new RegExp(`^${table}_(\\w+_)?(pkey|key|fkey|check|idx)$`))
      expect(name.length).toBeLessThanOrEqual(63)
    }
  })

  test('carry the user in every key of a user-owned table, so that no row can point into the data of another', async ({
    db,
  }) => {
    const { rows } = await sql<{ name: string; columns: string[]; target: string | null }>`
      select k.conname as name, confrelid::regclass::text as target,
        array(select attname::text from pg_attribute where attrelid = k.conrelid and attnum = any (k.conkey)) as columns
      from pg_constraint k join pg_class c on c.oid = k.conrelid
      where k.connamespace = 'finance'::regnamespace and k.contype in ('p', 'u', 'f')
        and c.relname not in ('users', 'migrations', 'auth_attempts', 'scope_keys', 'database_roles', 'readable_columns')`.execute(
      db,
    )

    expect(rows.length).toBeGreaterThan(30)
    for (const { name, columns, target } of rows) {
      if (target !== 'finance.users')
        expect({ name, columns }).toMatchObject({ columns: expect.arrayContaining(['user_id']) })
    }
  })

  test('have an index under every foreign key', async ({ db }) => {
    const { rows } = await sql<{ name: string }>`
      select k.conname as name from pg_constraint k
      where k.connamespace = 'finance'::regnamespace and k.contype = 'f'
        and not exists (
          select from pg_index i
          where i.indrelid = k.conrelid and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$')
            and (select array_agg(a order by a) from unnest((i.indkey::int2[])[0:least(cardinality(k.conkey), 2) - 1]) a)
              = (select array_agg(a order by a) from unnest(k.conkey[1:2]) a))`.execute(db)

    expect(rows).toEqual([])
  })

  test('let a row go with what it hangs on, or keep that there, each as here', async ({ db }) => {
    const { rows } = await sql<{ name: string }>`select k.conname::text as name from pg_constraint k
      where k.connamespace = 'finance'::regnamespace and k.contype = 'f' and k.confdeltype = 'c' order by 1`.execute(db)

    // Documents are where pgvector is.
    expect(rows.map(({ name }) => name.replace(/_fkey$/, '')).filter((name) => !name.startsWith('documents'))).toEqual([
      'auth_sessions_user_id',
      'chat_logs_user_id',
      'computed_features_user_id',
      'consent_records_user_id',
      'decision_traces_recommendation_id',
      'insights_user_id',
      'operator_actions_user_id',
      'persona_assignments_user_id',
      'recommendations_user_id',
      'signal_states_user_id',
      'transfer_matches_from_transaction_id',
      'transfer_matches_to_transaction_id',
    ])
  })

  test('keep the time of the last change, wherever there is a column for it', async ({ db }) => {
    const { rows } = await sql<{ name: string }>`select c.relname::text as name
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'finance'::regnamespace and c.relkind = 'r' and a.attname = 'updated_at'
        and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgname = c.relname || '_touch')`.execute(
      db,
    )

    expect(rows).toEqual([])
  })

  test('allow the words of src/schema/enums.ts and no others', async ({ db }) => {
    const { rows } = await sql<{ name: string; definition: string }>`
      select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
      where connamespace = 'finance'::regnamespace and contype = 'c' and conname not like 'migrations%'
        and pg_get_constraintdef(oid) like '%ARRAY[%'`.execute(db)
    const inDatabase = rows.map(({ definition }) =>
      [...definition.matchAll(/'([^']*)'::text/g)]
        .map(([, word]) => word)
        .sort()
        .join(),
    )
    const inCode = Object.values(enums).map((words) => [...words].sort().join())

    // directions are derived by a generated column, not checked
    expect([...new Set([...inDatabase, 'credit,debit'])].sort()).toEqual([...new Set(inCode)].sort())
  })

  test('say in the catalogue what every table is, and every amount', async ({ db }) => {
    const { rows } = await sql<{ what: string }>`
      select c.relname as what from pg_class c
      where c.relnamespace = 'finance'::regnamespace and c.relkind = 'r' and obj_description(c.oid) is null
      union
      select c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'finance'::regnamespace and c.relkind = 'r' and a.attnum > 0
        and a.atttypid = 'numeric'::regtype and col_description(c.oid, a.attnum) is null`.execute(db)

    expect(rows).toEqual([])
  })
})
