import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { provisionRoles, type ScopeKey } from '../../src/index.js'
import { plantCanaries } from '../../src/readonly/attacks/canaries.js'
import { forgedScopes } from '../../src/readonly/attacks/forged-scopes.js'
import { attacks } from '../../src/readonly/attacks/index.js'
import { type AttackedDoor, runAttacks, type Verdict } from '../../src/readonly/attacks/run.js'
import type { Attack, Ground } from '../../src/readonly/attacks/shape.js'
import { createWatch } from '../../src/readonly/attacks/watch.js'
import { checkQuery, createReadOnlyDb } from '../../src/readonly/index.js'
import { defaultLimits } from '../../src/readonly/limits.js'
import { assertReader } from '../../src/readonly/statement-kind.js'
import { pgliteDb } from '../support.js'
import { reportOf } from './battlefield.js'

/** Nothing ends a query there, so not those that are about load; and no session but one, so no watch over sessions. */
const light = attacks.filter(({ heavy, id }) => !heavy && id !== 'large-texts')

async function ground(role?: string) {
  const local = await pgliteDb()
  const key: ScopeKey = { id: 'k1', secret: randomBytes(32) }
  if (role !== undefined) await provisionRoles(local.db, { roles: { agent: { name: role } }, scopeKeys: [key] })
  const { me, victim, canary } = await plantCanaries(local.db)
  const watch = createWatch(local.db, { schema: 'finance', role: role ?? 'none' })
  const door = createReadOnlyDb({ pglite: local.pglite, role, scopeKey: key }, {})
  const mine = role === undefined ? door : door.asUser(me)
  const { schema, readable, partly, hidden } = await door.role()

  /** The door looks at its role before each query, which is slow there: what the guard refuses is refused here already. */
  const query: AttackedDoor['query'] = async (sql, options) => {
    if (asksForSession.test(sql)) return { rows: [] }
    assertReader(sql, defaultLimits)
    await checkQuery(sql, { schema, readable, partly, hidden })
    return mine.query(sql, options)
  }
  const attack = async (list: readonly Attack[]) => {
    const before = [await watch.state(), await sql.raw(session).execute(local.db)]
    const verdicts: Verdict[] = []
    const about: Ground = { schema, me, victim, canary, forgedScopes: forgedScopes(victim, me, key) }
    for await (const verdict of runAttacks({
      door: { query },
      guard: 'on',
      timeoutMs: 30_000,
      attacks: list,
      ground: about,
    })) {
      verdicts.push(verdict)
    }
    expect(reportOf(verdicts)).toEqual([])
    expect(verdicts).toHaveLength(list.length)
    expect([await watch.state(), await sql.raw(session).execute(local.db)]).toEqual(before)
  }
  return { ...local, door, attack }
}

/** The runner asks it after each attempt; here it is asked once, in the end. */
const asksForSession = /^select '2026-03-01'::date::text as day/
const session = `select current_user, session_user, current_setting('search_path'), (select count(*) from pg_prepared_statements),
  (select count(*) from pg_locks where locktype = 'advisory'), (select json_object_agg(name, setting order by name)::text
    from pg_settings where source = 'session' and name not like 'finance_db.%') as settings`

describe('the door on PGlite, with the guard', { timeout: 300_000 }, () => {
  test('holds against every light attack when it has a role', async () => {
    await using place = await ground('attacked_reader')
    await place.attack(light)
  })

  test('shows no secret and writes nothing without a role, where the rows of all are open', async () => {
    await using place = await ground()
    // What those read is nobody's secret there.
    const open = ['explain', 'plainly-asked', 'shapes-of-a-query']
    await place.attack(light.filter(({ id, aim }) => aim !== 'rows of others' && !open.includes(id)))
  })

  test('opens without a role what agents may read on a server', async () => {
    await using place = await ground()
    const { rows } = await sql<{ name: string }>`select table_name || '.' || column_name as name
      from finance.readable_columns where table_name <> 'documents' or to_regclass('finance.documents') is not null`.execute(
      place.db,
    )
    const { readable } = await place.door.role()
    const names = [...readable].flatMap(([table, columns]) => columns.map((column) => `${table}.${column}`))
    expect(names.sort()).toEqual(rows.map(({ name }) => name).sort())
  })

  test('leaves nothing in the only session, and keeps its limits', async () => {
    await using place = await ground()
    const { pglite } = place
    const open = createReadOnlyDb(
      { pglite, guard: 'off', limits: { maxRows: 3, maxCellBytes: 100, maxBytes: 1024 } },
      {},
    )
    await open.query(`select set_config('TimeZone', 'Asia/Tokyo', false), set_config('a.b', 'c', false)`)
    const { rows } = await sql`select current_setting('TimeZone') as zone, current_setting('a.b', true) as own`.execute(
      place.db,
    )
    expect(rows).toEqual([{ zone: expect.not.stringContaining('Tokyo'), own: expect.not.stringContaining('c') }])

    expect(await open.query('select generate_series(1, 3)')).toMatchObject({ rowCount: 3, truncated: false })
    expect(await open.query('select generate_series(1, 4)')).toMatchObject({ rowCount: 3, truncatedBy: 'rows' })
    await expect(sql`select generate_series(1, 4)`.execute(open.db)).rejects.toMatchObject({ limit: 'rows' })
    await expect(open.query(`select repeat('x', 101)`)).rejects.toMatchObject({ limit: 'cell' })
    await expect(open.query(`select repeat('x', 90) from generate_series(1, 20)`)).rejects.toMatchObject({
      limit: 'bytes',
    })
  })
})
