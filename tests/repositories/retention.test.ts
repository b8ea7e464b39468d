import { type Kysely, sql } from 'kysely'
import { describe, expect } from 'vitest'
import { type Database, InvalidInputError, retention, transaction, UnsupportedError } from '../../src/index.js'
import { deletion, targets } from '../../src/repositories/purge-batch.js'
import { createUser } from '../people.js'
import { freshDatabase, pgliteDb, test } from '../support.js'

const policy = { chat_logs: 30, auth_sessions: 30, auth_attempts: 30, decision_traces: 30, agent_queries: 30 }

async function run(db: Kysely<Database>, ...statements: string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

/** Of each table `old` rows of 40 days and `young` ones of 20, for a user. */
async function fill(db: Kysely<Database>, userId: string, old: number, young: number): Promise<void> {
  const ages = `(select case when i <= ${old} then 40 else 20 end as days, i from generate_series(1, ${old + young}) i) a`
  // Three of each instant, as rows of one transaction have it.
  const at = `now() - make_interval(days => days) - i / 3 * interval '1 second'`
  await run(
    db,
    `insert into finance.chat_logs (user_id, message, response, created_at) select '${userId}', 'm', 'r', ${at} from ${ages}`,
    `with r as (
      insert into finance.recommendations (user_id, type, title, rationale)
      select '${userId}', 'education', 't' || i, 'r' from ${ages} returning user_id, id, title
    ) insert into finance.decision_traces (user_id, recommendation_id, trace_data, created_at)
      select r.user_id, r.id, '{}', ${at} from r join ${ages} on r.title = 't' || a.i`,
    `insert into finance.agent_queries (user_id, sql, outcome, rows, bytes, duration_below_ms, created_at)
      select '${userId}', 'select 1', 'answered', 1, 1, 10, ${at} from ${ages}`,
    // One chain of each age, each token replaced by the next.
    `insert into finance.auth_sessions (user_id, id, family_id, refresh_token_hash, started_at, expires_at, ends_at, revoked_at, replaced_by)
      select '${userId}', ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(days::text, 12, '0'))::uuid,
        'hash ' || i, now(), now() - make_interval(days => days) - interval '1 day', now() - make_interval(days => days),
        case when i not in (${old}, ${old + young}) then now() end,
        case when i not in (${old}, ${old + young}) then ('00000000-0000-7000-8000-' || lpad((i + 1)::text, 12, '0'))::uuid end
      from ${ages}`,
    `alter table finance.auth_attempts disable trigger auth_attempts_touch`,
    `insert into finance.auth_attempts (key_hash, failures, updated_at)
      select encode(sha256(convert_to('${userId}' || i, 'utf8')), 'hex'), 1, ${at} from ${ages}`,
    `alter table finance.auth_attempts enable trigger auth_attempts_touch`,
  )
}

async function left(db: Kysely<Database>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { table } of targets) {
    const { rows } = await sql<{
      n: number
    }>`select count(*)::integer as n from ${sql.table(`finance.${table}`)}`.execute(db)
    counts[table] = rows[0]?.n ?? 0
  }
  return counts
}

const each = (rows: number) => ({
  chat_logs: rows,
  decision_traces: rows,
  auth_sessions: rows,
  agent_queries: rows,
  auth_attempts: rows,
})
const byTable = ({ tables }: retention.PurgeReport) =>
  Object.fromEntries(tables.map(({ table, rows }) => [table, rows]))

describe('retention.purge', { timeout: 60_000 }, () => {
  test('deletes what is old in batches, and nothing else', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    await fill(db, (await createUser(db)).id, 25, 7)
    await fill(db, (await createUser(db)).id, 20, 7)

    const dry = await retention.purge(db, policy, { dryRun: true })
    expect(byTable(dry)).toEqual(each(45))
    expect(await left(db)).toEqual(each(59))

    const report = await retention.purge(db, policy, { batchSize: 10, pauseMs: 0 })

    expect(report).toMatchObject({ dryRun: false, complete: true })
    expect(report.tables.map(({ rows, batches }) => [rows, batches])).toEqual(Array(5).fill([45, 5]))
    expect(await left(db)).toEqual(each(14))
    const again = await retention.purge(db, policy)
    expect(again.tables.map(({ rows, batches }) => [rows, batches])).toEqual(Array(5).fill([0, 0]))
    const { rows } = await sql`select * from ${sql.table('finance.audit_problems')}(null)`.execute(db)
    expect(rows).toEqual([])
  })

  test('keeps what is one hour too young', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { id } = await createUser(db)
    await run(
      db,
      `insert into finance.chat_logs (user_id, message, response, created_at)
        select '${id}', 'm', 'r', now() - interval '30 days' + make_interval(hours => i) from generate_series(-1, 1, 2) i`,
    )

    expect(byTable(await retention.purge(db, { chat_logs: 30 }, { dryRun: true }))).toEqual({ chat_logs: 1 })
    expect(byTable(await retention.purge(db, { chat_logs: 30 }))).toEqual({ chat_logs: 1 })
    const { rows } = await sql<{ young: boolean }>`
      select created_at > now() - interval '30 days' as young from ${sql.table('finance.chat_logs')}`.execute(db)
    expect(rows).toEqual([{ young: true }])
  })

  test('keeps what is not named, what is held, and who is blocked', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const held = await createUser(db)
    await fill(db, held.id, 3, 0)
    await run(db, `alter table finance.auth_attempts disable trigger auth_attempts_touch`)
    await run(db, `update finance.auth_attempts set blocked_until = now() + interval '1 hour'`)

    expect(byTable(await retention.purge(db, { chat_logs: 50 }))).toEqual({ chat_logs: 0 })
    expect(byTable(await retention.purge(db, policy, { holds: [held.id] }))).toEqual(each(0))
    expect(byTable(await retention.purge(db, policy))).toEqual({ ...each(3), auth_attempts: 0 })
  })

  test('keeps what any of several holds names, and says so beforehand', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const [one, other] = [await createUser(db), await createUser(db)]
    await run(
      db,
      `insert into finance.chat_logs (user_id, message, response, created_at)
        select id, 'm', 'r', now() - interval '40 days' from finance.users`,
    )
    const holds = [one.id, other.id]

    expect(byTable(await retention.purge(db, { chat_logs: 30 }, { holds, dryRun: true }))).toEqual({ chat_logs: 0 })
    expect(byTable(await retention.purge(db, { chat_logs: 30 }, { holds }))).toEqual({ chat_logs: 0 })
  })

  test('goes past who is blocked, also at the end of a batch', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    await run(
      db,
      `insert into finance.auth_attempts (key_hash, failures, updated_at, blocked_until)
        select encode(sha256(convert_to(i::text, 'utf8')), 'hex'), 1, now() - make_interval(days => 50 - i),
          case when i <= 3 then now() + interval '1 hour' when i = 4 then now() - interval '1 hour' end
        from generate_series(1, 5) i`,
    )
    const days = { auth_attempts: 30 }

    expect(byTable(await retention.purge(db, days, { dryRun: true }))).toEqual({ auth_attempts: 2 })
    const batches: unknown[] = []
    const onBatch = (table: string, deleted: number) => void batches.push([table, deleted])
    const report = await retention.purge(db, days, { batchSize: 2, pauseMs: 0, onBatch })

    expect(report.tables).toEqual([{ table: 'auth_attempts', rows: 2, batches: 3 }])
    expect(batches).toEqual([0, 1, 1].map((deleted) => ['auth_attempts', deleted]))
    expect(byTable(await retention.purge(db, days, { batchSize: 1, pauseMs: 0 }))).toEqual({ auth_attempts: 0 })
  })

  test('keeps a token whose chain goes on, or that a token which stays names as the next', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { id } = await createUser(db)
    const token = (n: number) => `'00000000-0000-7000-8000-00000000000${n}'`
    await run(
      db,
      `insert into finance.auth_sessions
        (user_id, id, family_id, refresh_token_hash, started_at, expires_at, ends_at, revoked_at, replaced_by)
      values
        ('${id}', ${token(1)}, ${token(1)}, 'a', now(), now() - interval '40 days', now() - interval '20 days', now(), null),
        ('${id}', ${token(2)}, ${token(2)}, 'b', now(), now() - interval '50 days', now() - interval '50 days', now(), ${token(3)}),
        ('${id}', ${token(3)}, ${token(2)}, 'c', now(), now() - interval '50 days', now() - interval '50 days', null, null)`,
    )

    await transaction(db, async (trx) => {
      await sql`select from ${sql.table('finance.auth_sessions')} where refresh_token_hash = 'b' for update`.execute(
        trx,
      )
      expect(byTable(await retention.purge(db, { auth_sessions: 30 }))).toEqual({ auth_sessions: 0 })
    })

    expect(byTable(await retention.purge(db, { auth_sessions: 30 }))).toEqual({ auth_sessions: 2 })
    expect(await left(db)).toMatchObject({ auth_sessions: 1 })
  })

  test('keeps what follows a token that stays in its chain, and takes what comes before', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    await fill(db, (await createUser(db)).id, 6, 0)
    const sessions = sql.table('finance.auth_sessions')

    await transaction(db, async (trx) => {
      await sql`select from ${sessions} where refresh_token_hash = 'hash 3' for update`.execute(trx)
      expect(byTable(await retention.purge(db, { auth_sessions: 30 }))).toEqual({ auth_sessions: 2 })
    })

    const { rows } = await sql`select refresh_token_hash as hash from ${sessions} order by id`.execute(db)
    expect(rows).toEqual([3, 4, 5, 6].map((n) => ({ hash: `hash ${n}` })))
    expect(byTable(await retention.purge(db, { auth_sessions: 30 }))).toEqual({ auth_sessions: 4 })
  })

  test('can be stopped, and goes on', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    await fill(db, (await createUser(db)).id, 20, 1)
    const stop = new AbortController()

    const first = await retention.purge(db, policy, {
      batchSize: 5,
      pauseMs: 60_000,
      signal: stop.signal,
      onBatch: () => stop.abort(),
    })

    expect(first).toMatchObject({ complete: false, tables: [{ table: 'chat_logs', rows: 5, batches: 1 }] })
    await retention.purge(db, policy, { pauseMs: 0 })
    expect(await left(db)).toEqual(each(1))
  })

  test('pauses between batches', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    await fill(db, (await createUser(db)).id, 2, 0)
    const at: number[] = []

    const onBatch = () => void at.push(performance.now())
    await retention.purge(db, { chat_logs: 30 }, { batchSize: 1, pauseMs: 300, onBatch })

    expect(at).toHaveLength(2)
    expect(Number(at[1]) - Number(at[0])).toBeGreaterThan(290)
  })

  test('passes over rows that are locked, and waits for nobody', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    await fill(db, (await createUser(db)).id, 5, 0)

    await transaction(db, async (trx) => {
      await sql`select from ${sql.table('finance.chat_logs')} order by created_at limit 2 for share`.execute(trx)
      expect(byTable(await retention.purge(db, { chat_logs: 30 }))).toEqual({ chat_logs: 3 })
    })

    expect(byTable(await retention.purge(db, { chat_logs: 30 }))).toEqual({ chat_logs: 2 })
  })

  test('gives up on a table that is locked as a whole', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh

    await transaction(db, async (trx) => {
      await sql`lock table ${sql.table('finance.chat_logs')} in access exclusive mode`.execute(trx)
      await expect(retention.purge(db, { chat_logs: 30 })).rejects.toMatchObject({ waitedFor: 'lock' })
    })
  })

  test('reads no more than a batch, by an index', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    await fill(db, (await createUser(db)).id, 3000, 3000)
    await run(db, 'analyze')

    for (const target of targets) {
      const { rows: cutoff } = await sql<{ at: string }>`select (now() - interval '30 days')::text as at`.execute(db)
      const query = deletion(target, cutoff[0]?.at ?? '', undefined, [], 50)
      const { rows } = await sql<{ 'QUERY PLAN': string }>`explain (costs off) ${query}`.execute(db)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan, target.table).toContain(`using ${target.table}_${target.age}_idx`)
      expect(plan, target.table).not.toContain('Seq Scan')
    }
  })

  test('refuses what it cannot do', async ({ db }) => {
    await expect(retention.purge(db, { chat_logs: 0 })).rejects.toThrow(InvalidInputError)
    // A word that is not known might have been meant to keep something.
    await expect(retention.purge(db, { chat_log: 30 } as never)).rejects.toThrow(InvalidInputError)
    await expect(retention.purge(db, policy, { hold: [] } as never)).rejects.toThrow(InvalidInputError)
    await expect(transaction(db, (trx) => retention.purge(trx, policy, { dryRun: true }))).rejects.toThrow(
      UnsupportedError,
    )
  })

  test('works in PGlite', async () => {
    await using embedded = await pgliteDb()
    await fill(embedded.db, (await createUser(embedded.db)).id, 12, 3)

    expect(byTable(await retention.purge(embedded.db, policy, { batchSize: 5, pauseMs: 0 }))).toEqual(each(12))
    expect(await left(embedded.db)).toEqual(each(3))
  })
})
