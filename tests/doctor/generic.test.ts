import { type Kysely, sql } from 'kysely'
import { expect, inject, test } from 'vitest'
import { canonical } from '../../src/doctor/canonical.js'
import { readCatalogue } from '../../src/doctor/catalogue.js'
import { compare } from '../../src/doctor/compare.js'
import { openShadow } from '../../src/doctor/shadow.js'
import { createMigrator } from '../../src/migrations/migrator.js'
import type { SqlMigration } from '../../src/migrations/shape.js'
import { emptyDatabase } from '../migrations/support.js'
import { execute } from '../server.js'

/** What our migrations do not use yet, or print alike on every version. */
const kinds = (role: string): SqlMigration => ({
  name: '0001_kinds',
  up: ({ finance }) => [
    `create type ${finance}.mood as enum ('calm', 'tense')`,
    `create sequence ${finance}.numbers as bigint start with 10`,
    `create table ${finance}.people (id integer constraint people_pkey primary key, name text not null, mood ${finance}.mood)`,
    `alter table ${finance}.people enable row level security`,
    `create policy own on ${finance}.people for select to ${role} using (name = current_user::text)`,
    `create view ${finance}.calm with (security_barrier = true) as select id, name from ${finance}.people where mood = 'calm'`,
    `comment on view ${finance}.calm is 'The calm ones.'`,
    `comment on column ${finance}.calm.name is 'A name.'`,
    `create procedure ${finance}.rest() language sql as $$ select 1 $$`,
    `revoke all on procedure ${finance}.rest() from public`,
    `grant usage on schema ${finance} to ${role}`,
    `grant select on ${finance}.calm to ${role} with grant option`,
    `grant select (id) on ${finance}.people to ${role}`,
    `grant execute on procedure ${finance}.rest() to ${role}`,
  ],
  down: () => [],
})

const damages = (role: string): readonly (readonly [string, ...string[]])[] => [
  [`drop policy own on finance.people`, 'policy own on finance.people missing'],
  [`alter table finance.people disable row level security`, 'table finance.people switched-off'],
  [
    `create or replace view finance.calm with (security_barrier = true) as select id, name from finance.people`,
    'view finance.calm different',
  ],
  [`revoke select (id) on finance.people from ${role}`, `grant select (id) on table finance.people to ${role} missing`],
  [`revoke usage on schema finance from ${role}`, `grant usage on schema finance to ${role} missing`],
  [
    `drop procedure finance.rest()`,
    'function finance.rest() missing',
    `grant execute on procedure finance.rest() to ${role} missing`,
  ],
  [`grant insert on finance.people to public`, 'grant insert on table finance.people to public exposed'],
  [`drop sequence finance.numbers`, 'sequence finance.numbers missing'],
  [`comment on view finance.calm is 'Others.'`, 'comment view finance.calm different'],
]

test('policies, views, privileges and types are compared and mended too', { timeout: 60_000 }, async () => {
  await using database = await emptyDatabase()
  const role = `${database.name}_reader`
  await execute(inject('databaseUrl'), `create role ${role}`)
  const migrations = [kinds(role)]
  await createMigrator(migrations).migrate(database.db)
  await using shadow = await openShadow({ schema: 'finance', migrations, roles: [role], vectorSchema: null })
  const expected = await readCatalogue(shadow.db, 'finance')
  const look = async (db: Kysely<unknown>) =>
    compare(expected, await canonical(shadow.db, 'finance', expected, await readCatalogue(db, 'finance')))
  try {
    expect(await look(database.db)).toEqual({ differences: [], added: [] })

    for (const [statement] of damages(role)) await sql.raw(statement).execute(database.db)
    await sql.raw(`grant update on finance.people to ${role}`).execute(database.db)
    const { differences, added } = await look(database.db)

    const said = differences.map(({ kind, name, problem }) => `${kind} ${name} ${problem}`)
    expect(said.sort()).toEqual(
      damages(role)
        .flatMap(([, ...lines]) => lines)
        .sort(),
    )
    expect(added.map(({ name }) => name)).toEqual([`update on table finance.people to ${role}`])
    const sorted = differences.toSorted((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1])
    for (const statement of sorted.flatMap(({ mend }) => mend)) await sql.raw(statement).execute(database.db)
    expect((await look(database.db)).differences).toEqual([])
  } finally {
    await execute(database.url, `drop owned by ${role}`, `drop role ${role}`)
  }
})

test('what another version prints otherwise is no difference', { timeout: 60_000 }, async () => {
  const migrations = [kinds('reader')]
  await using shadow = await openShadow({ schema: 'finance', migrations, roles: ['reader'], vectorSchema: null })
  const expected = await readCatalogue(shadow.db, 'finance')
  const withView = (definition: string) =>
    expected.map((item) => (item.kind === 'view' ? { ...item, facts: { ...item.facts, definition } } : item))
  const look = async (definition: string) =>
    compare(expected, await canonical(shadow.db, 'finance', expected, withView(definition))).differences.map(
      ({ problem }) => problem,
    )

  // As PostgreSQL 15 prints it.
  expect(
    await look(
      ` SELECT people.id,\n    people.name\n   FROM finance.people\n  WHERE (people.mood = 'calm'::finance.mood);`,
    ),
  ).toEqual([])
  expect(await look(` SELECT people.id,\n    people.name\n   FROM finance.people;`)).toEqual(['different'])
  expect(await readCatalogue(shadow.db, 'finance')).toEqual(expected)
})
