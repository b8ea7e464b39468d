import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { transactions, users } from '../../src/index.js'
import { createReadOnlyDb } from '../../src/readonly/index.js'
import { scoped } from '../../src/roles/index.js'
import { openSandbox } from '../../src/testing/index.js'
import { pgbouncerBinary, startPgBouncer } from '../migrations/pgbouncer.js'
import { createAccount, createTransaction } from '../people.js'
import { provisionedDatabase } from '../roles/support.js'
import { directly } from '../server.js'
import { freshDatabase } from '../support.js'
import { tour } from './tour.js'
import { type SentStatement, startWire } from './wire.js'

const missing = pgbouncerBinary === undefined ? ' (skipped: pgbouncer is not installed)' : ''

/** What a session has that outlives its transactions, in one statement. PgBouncer itself sets what is left out. */
const sessionState = `select json_build_object(
  'settings', (
    select json_object_agg(name, setting) from pg_settings
    where source = 'session' and name not in ('application_name', 'client_encoding', 'DateStyle', 'TimeZone')
  ),
  'ours', (
    select json_object_agg(name, value) from (
      select name, current_setting('finance_db.' || name, true) as value
      from unnest('{actor,scope,now,locked_at}'::text[]) name
    ) one where value <> ''
  ),
  'role', nullif(current_user, session_user),
  'prepared', (select json_agg(name) from pg_prepared_statements),
  'cursors', (select json_agg(name) from pg_cursors where name <> ''),
  'channels', (select json_agg(channel) from pg_listening_channels() channel),
  'locks', (select json_agg(objid::text) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
  'temporary', (select json_agg(relname) from pg_class where relnamespace = pg_my_temp_schema())
) as state, pg_backend_pid() as pid`
const clean = {
  settings: null,
  ours: null,
  role: null,
  prepared: null,
  cursors: null,
  channels: null,
  locks: null,
  temporary: null,
}

/** Another client of a pooler with one connection, which meets whatever was left on it. */
async function stranger(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    query: (text: string) => client.query(text),
    async look(): Promise<{ state: unknown; pid: number }> {
      const { rows } = await client.query(sessionState)
      return rows[0]
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}

describe.skipIf(missing !== '')(`two clients on one connection of PgBouncer${missing}`, { timeout: 180_000 }, () => {
  test('leave each other nothing, whatever they do', async () => {
    await using database = await freshDatabase()
    const server = directly(database.url)
    await using bouncer = await startPgBouncer(pgbouncerBinary ?? '', server, 1)
    const url = `${bouncer.through(server)}?pgbouncer=true`
    await using other = await stranger(url)
    const { pid } = await other.look()
    const db = createFinanceDb(
      { connectionString: url, poolSize: 3, statementTimeoutMs: 0, idleTransactionTimeoutMs: 0 },
      {},
    )

    const left: unknown[] = []
    for (const [name, step] of tour(db)) {
      await step()
      left.push({ after: name, ...(await other.look()) })
    }
    {
      await using sandbox = await openSandbox(url, { name: 'shares a connection' })
      await sandbox.clock.set(new Date('2026-03-01T12:00:00Z'))
      await createTransaction(sandbox.db, await createAccount(sandbox.db))
    }
    left.push({ after: 'a sandbox', ...(await other.look()) })
    await db.destroy()

    expect(left).toEqual(left.map((one) => ({ after: (one as { after: string }).after, state: clean, pid })))
    // The look finds what there is to find.
    await other.query(`set work_mem = '5MB'`)
    await other.query(`select set_config('finance_db.actor', 'x', false), pg_advisory_lock(7)`)
    await other.query('prepare p as select 1')
    expect((await other.look()).state).toMatchObject({
      settings: { work_mem: '5120' },
      ours: { actor: 'x' },
      prepared: ['p'],
      locks: ['7'],
    })
  })

  test('never see through the scope of the other', async ({ skip }) => {
    await using database = await provisionedDatabase()
    skip(new URL(database.url).password === '', 'the server asks no password, so PgBouncer is one role for all')
    const [mine, theirs] = [await createAccount(database.owner), await createAccount(database.owner)]
    for (const account of [mine, theirs]) await createTransaction(database.owner, account)
    await using bouncer = await startPgBouncer(pgbouncerBinary ?? '', directly(database.url), 1)
    const through = (kind: 'member' | 'agent') => `${bouncer.through(directly(database.urlOf(kind)))}?pgbouncer=true`
    const settings = { poolSize: 2, statementTimeoutMs: 0, idleTransactionTimeoutMs: 0 }
    const [a, b] = [1, 2].map(() => createFinanceDb({ connectionString: through('member'), ...settings }, {}))
    const door = createReadOnlyDb({ connectionString: through('agent'), scopeKey: database.key }, {})
    await using member = await stranger(through('member'))
    await using agent = await stranger(through('agent'))
    const before = await Promise.all([member, agent].map((one) => one.look()))
    if (a === undefined || b === undefined) throw new Error('two handles')
    const emails = (db: typeof a) => db.selectFrom('finance.users').select('id').execute()
    const { key } = database

    expect(await scoped(a, mine.user_id, (trx) => emails(trx as typeof a), { key })).toEqual([{ id: mine.user_id }])
    await expect(emails(b)).rejects.toThrow('No scope is set')
    await scoped(a, mine.user_id, () => Promise.reject(new Error('no')), { key }).catch(() => undefined)
    await expect(emails(b)).rejects.toThrow('No scope is set')
    expect(await scoped(b, theirs.user_id, (trx) => emails(trx as typeof a), { key })).toEqual([{ id: theirs.user_id }])
    await expect(scoped(a, mine.user_id, (trx) => users.get(trx, theirs.user_id), { key })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await expect(transactions.list(a, mine.user_id, {})).rejects.toThrow('No scope says')
    const rows = await Promise.all(
      [mine, theirs, mine].map(({ user_id }) =>
        door.asUser(user_id).query('select distinct user_id from transactions'),
      ),
    )
    expect(rows.map((result) => result.rows)).toEqual([mine, theirs, mine].map(({ user_id }) => [{ user_id }]))
    await expect(agent.query('select from finance.transactions')).rejects.toThrow('No scope is set')

    const after = await Promise.all([member, agent].map((one) => one.look()))
    expect(after).toEqual(before.map(({ pid }) => ({ state: clean, pid })))
    for (const handle of [a, b, door]) await handle.destroy()
  })
})

/** What pins a session of RDS Proxy for PostgreSQL, by the manual: see docs/reliability.md. */
const pins: readonly [string, (sent: SentStatement) => boolean][] = [
  ['a named statement', ({ name }) => name !== ''],
  ['more than 16 kB', ({ text }) => Buffer.byteLength(text) > 16_384],
  ['set', ({ text }) => /^\s*(set|reset)\s+(?!local\b|transaction\b|constraints\b)/i.test(text)],
  ['set_config', ({ text }) => settings(text).some((last) => last !== 'true')],
  ['a prepared statement', ({ text }) => /^\s*(prepare|deallocate|execute|discard)\b/i.test(text)],
  ['a temporary table', ({ text }) => /\bcreate\s+temp(orary)?\b|\bpg_temp\b.*\bon commit\b/i.test(text)],
  ['a cursor', ({ text }) => /^\s*declare\b/i.test(text)],
  ['a channel', ({ text }) => /^\s*(un)?listen\b/i.test(text)],
  ['a library', ({ text }) => /^\s*load\b/i.test(text)],
  ['a sequence', ({ text }) => /\b(nextval|setval)\s*\(/i.test(text)],
  ['a lock', ({ text }) => /\bpg_(try_)?advisory_(?!xact)\w*\s*\(/i.test(text)],
]
/** The last argument of each call of `set_config`: whether it ends with the transaction. */
function settings(text: string): string[] {
  const calls = text.matchAll(/\bset_config\s*\(((?:[^()]|\([^()]*\))*)\)/gi)
  return [...calls].map(([, args = '']) => args.slice(args.lastIndexOf(',') + 1).trim())
}

/** Of a transaction only; the manual does not say whether these count. */
const mayPin = /^\s*set\s+local\b|\bset_config\s*\(/i

/** `a named statement` and so on, or what may, for each step that sends such a thing. */
async function whatPins(options: { preparedStatements: boolean }) {
  await using database = await freshDatabase()
  await using wire = await startWire(directly(database.url))
  const db = createFinanceDb(
    {
      connectionString: wire.through(directly(database.url)),
      statementTimeoutMs: 0,
      idleTransactionTimeoutMs: 0,
      ...options,
    },
    {},
  )
  const [pinned, unclear]: [Record<string, string[]>, string[]] = [{}, []]
  for (const [name, step] of tour(db)) {
    const from = wire.statements.length
    await step()
    const sent = wire.statements.slice(from)
    const found = pins.filter(([, is]) => sent.some(is)).map(([what]) => what)
    if (found.length > 0) pinned[name] = found
    if (sent.some(({ text }) => mayPin.test(text))) unclear.push(name)
  }
  await db.destroy()
  return { pinned, unclear, startup: wire.startup, count: wire.statements.length }
}

describe('behind RDS Proxy', { timeout: 180_000 }, () => {
  test('an import and signals pin a session, and the rest of a tour does nothing that does', async () => {
    const { pinned, unclear, startup, count } = await whatPins({ preparedStatements: false })

    expect(count).toBeGreaterThan(150)
    expect(pinned).toEqual({ 'an import': ['a temporary table'], signals: ['more than 16 kB'] })
    expect(unclear).toEqual([
      'an actor',
      'an import',
      'signals',
      'transfer matches',
      'retention',
      'doctor',
      'rollback',
      'migrate',
    ])
    expect([...startup].sort()).toEqual(['DateStyle', 'application_name', 'client_encoding', 'database', 'user'])
  })

  test('statements with names would pin, and are seen to', async () => {
    const { pinned } = await whatPins({ preparedStatements: true })

    expect(pinned.signals).toContain('a named statement')
  })
})
