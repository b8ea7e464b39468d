import fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { FinanceDbError } from '../../src/errors.js'
import type { ReadOnlyDb } from '../../src/readonly/index.js'
import { execute, withDatabase } from '../server.js'
import { battlefield } from './battlefield.js'

/**
 * What somebody sees must not depend on the rows of anybody else. So queries are put together at random and asked of two
 * databases that differ in those rows alone: answers and errors have to be the same.
 */
test('no query that can be put together tells whether somebody else is there', { timeout: 300_000 }, async () => {
  await using field = await battlefield()
  const { me, victim, canary } = field.ground
  const name = `${new URL(field.ownerUrl).pathname.slice(1)}_alone`
  await field.release()
  await execute(inject('databaseUrl'), `create database ${name} template ${new URL(field.ownerUrl).pathname.slice(1)}`)
  const alone = withDatabase(field.ownerUrl, name)
  try {
    await execute(
      alone,
      ...['operator_actions', 'cards', 'transactions', 'accounts'].map(
        (table) => `delete from finance.${table} where user_id = '${victim}'`,
      ),
      `delete from finance.users where id = '${victim}'`,
      'analyze',
    )
    await execute(
      alone,
      `revoke temporary on database ${name} from public`,
      `grant connect on database ${name} to ${field.role}`,
    )
    const open = (guard: 'on' | 'off', database: string) =>
      field.door({ connectionString: withDatabase(field.agentUrl, database), guard }).asUser(me)
    const [here, there] = [open('off', new URL(field.ownerUrl).pathname.slice(1)), open('off', name)]
    const guarded = open('on', new URL(field.ownerUrl).pathname.slice(1))
    let answered = 0

    await fc.assert(
      fc.asyncProperty(queries(victim, canary), async (sql) => {
        const [one, other, third] = await Promise.all([outcome(here, sql), outcome(there, sql), outcome(guarded, sql)])

        expect(one).toBe(other)
        expect(`${one}${third}`.toLowerCase()).not.toContain(canary)
        if (!third.startsWith('error')) expect(third).toBe(one)
        if (!one.startsWith('error')) answered++
      }),
      { numRuns: 250 },
    )

    expect(answered).toBeGreaterThan(50)
    await Promise.all([here, there, guarded].map((door) => door.destroy()))
  } finally {
    await field.release()
    await execute(inject('databaseUrl'), `drop database ${name} with (force)`)
  }
})

async function outcome(door: ReadOnlyDb, sql: string): Promise<string> {
  try {
    return JSON.stringify((await door.query(sql)).rows)
  } catch (error) {
    if (!(error instanceof FinanceDbError)) throw error
    return `error ${error.code} ${'sqlState' in error ? error.sqlState : ''} ${error.message}`
  }
}

const tables = {
  users: ['id', 'first_name', 'email'],
  accounts: ['user_id', 'name', 'institution'],
  transactions: ['user_id', 'merchant', 'description'],
  insights: ['user_id', 'title', 'message'],
  chat_logs: ['user_id', 'message', 'response'],
  recommendations: ['user_id', 'title', 'rationale'],
} as const

/** Each query says `t` for its table, `u` for whose the row is and `w` for some words of it. */
function queries(victim: string, canary: string): fc.Arbitrary<string> {
  const source = fc
    .constantFrom(...Object.entries(tables))
    .chain(([table, [user, ...words]]) =>
      fc.constantFrom(...words).map((w) => `(select ${user} as u, ${w} as w from finance.${table})`),
    )
  const text = fc.constantFrom(
    'w',
    'u::text',
    'w || u::text',
    'md5(w)',
    'left(w, 1)',
    `strpos(w, '${canary.slice(0, 3)}')::text`,
    'length(w)::text',
    `regexp_replace(w, '.', '')`,
    `(w = '${canary}')::text`,
    'w::int::text',
    'w::date::text',
    'to_json(w)::text',
    `coalesce(nullif(w, '${canary}'), 'gone')`,
  )
  const bit = fc.constantFrom(
    'true',
    `u = '${victim}'`,
    `u <> '${victim}'`,
    `w like '%${canary.slice(0, 4)}%'`,
    `w ~ '^zq'`,
    `1 / (u <> '${victim}')::int = 1`,
    `sqrt((w <> '${canary}')::int - 0.5) > 0`,
    `case when w >= 'z' then 1 / (length(w) - length(w)) = 1 else true end`,
    `w::int > 0`,
    `ln(length(replace(w, '${canary}', ''))) >= 0`,
    `(select count(*) from generate_series(1, 2 - (u = '${victim}')::int)) = 2`,
  )
  const condition = fc
    .tuple(bit, fc.constantFrom(' and ', ' or ', ' and not '), bit)
    .map(([a, operator, b]) => `(${a})${operator}(${b})`)
  const shape = fc.constantFrom<(t: string, x: string, c: string, other: string) => string>(
    (t, x, c) => `select ${x} as x from ${t} t where ${c} order by 1`,
    (t, x, c) => `select count(*), min(${x}), max(${x}) from ${t} t where ${c}`,
    (t, x, c) => `select ${x} as x, count(*) from ${t} t group by 1 having bool_and(${c}) order by 1`,
    (t, x, c) => `select string_agg(${x}, ',' order by ${x}) filter (where ${c}) from ${t} t`,
    (t, x, c) =>
      `select x, row_number() over (order by x) from (select ${x} as x from ${t} t where ${c}) s order by 1, 2`,
    (t, x, c, o) =>
      `select ${x} as x from ${t} t where exists (select 1 from ${o} o where o.u = t.u) and ${c} order by 1`,
    (t, x, c, o) => `select ${x} as x from ${t} t where u not in (select o.u from ${o} o) or ${c} order by 1`,
    (t, x, c, o) =>
      `with a as materialized (select * from ${t} t where ${c}) select ${x} as x from a left join ${o} o (v, y) on v = u order by 1`,
    (t, x, c, o) => `select ${x} as x from ${t} t where ${c} union all select ${x} from ${o} t order by 1`,
    (t, x, c, o) => `select ${x} as x from ${t} t where ${c} except select ${x} from ${o} t order by 1`,
    (t, x, c, o) =>
      `select (select max(o.w) from ${o} o where o.u <> t.u or ${c}) as x, ${x} as y from ${t} t order by 1, 2`,
    (t, x, c, o) => `select l.x from ${o} s (v, y), lateral (select ${x} as x from ${t} t where ${c}) l order by 1`,
    (t, x, c) =>
      `with recursive r as (select u, w, 1 as n from ${t} t union all select u, w, n + 1 from r t where n < 3 and ${c}) select ${x} as x, n from r t order by 1, 2`,
    (t, x, c) => `select distinct on (x) x from (select ${x} as x from ${t} t where ${c} offset 0) s order by x`,
    (t, x, c) => `select percentile_disc(0.5) within group (order by ${x}) from ${t} t where ${c}`,
    (t, x, c) => `select jsonb_agg(${x} order by ${x}) -> 0 from ${t} t where ${c}`,
    (t, x, c) => `select ${x} as x from ${t} t order by (${c}), 1 limit 2`,
  )
  return fc.tuple(shape, source, text, condition, source).map(([make, t, x, c, other]) => make(t, x, c, other))
}
