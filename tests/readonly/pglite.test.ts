import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { provisionRoles, type ScopeKey } from '../../src/index.js'
import { plantCanaries } from '../../src/readonly/attacks/canaries.js'
import { forgedScopes } from '../../src/readonly/attacks/forged-scopes.js'
import { attacks } from '../../src/readonly/attacks/index.js'
import { runAttacks } from '../../src/readonly/attacks/run.js'
import type { Attack } from '../../src/readonly/attacks/shape.js'
import { createWatch } from '../../src/readonly/attacks/watch.js'
import { createReadOnlyDb } from '../../src/readonly/index.js'
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
  const attack = async (list: readonly Attack[]) => {
    const before = await watch.state()
    const verdicts = []
    const run = { guard: 'on', timeoutMs: 30_000, attacks: list } as const
    const about = { schema: 'finance', me, victim, canary, forgedScopes: forgedScopes(victim, me, key) }
    for await (const verdict of runAttacks({
      ...run,
      ground: about,
      door: role === undefined ? door : door.asUser(me),
    })) {
      verdicts.push(verdict)
    }
    expect(reportOf(verdicts)).toEqual([])
    expect(verdicts).toHaveLength(list.length)
    expect(await watch.state()).toBe(before)
  }
  return { ...local, door, attack, [Symbol.asyncDispose]: () => local[Symbol.asyncDispose]() }
}

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
