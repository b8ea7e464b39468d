import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createFinanceDb, migrate, provisionRoles, StaleReadError } from '../../src/index.js'
import { createReadOnlyDb, currentLsn } from '../../src/readonly/index.js'
import { startServer } from '../faults/servers.js'
import { createAccount, createUser } from '../people.js'

test('a door on a hot standby reads what was written when asked to, and refuses what is too old', async () => {
  await using primary = await startServer('', 'debian')
  await using db = createFinanceDb({ connectionString: primary.url, sslMode: 'disable' }, {})
  await migrate(db)
  const scopeKey = { id: 'test', secret: randomBytes(32) }
  await provisionRoles(db, { roles: { agent: { password: 'only-for-tests' } }, scopeKeys: [scopeKey] })
  const user = await createUser(db)
  await using standby = await primary.standby()
  const url = new URL(standby.url)
  url.username = 'finance_agent'
  const open = (options: { maxStalenessMs?: number; freshnessWaitMs: number }) =>
    createReadOnlyDb({ connectionString: url.href, sslMode: 'disable', scopeKey, ...options }, {})
  await using patient = open({ freshnessWaitMs: 10_000 })
  await using hasty = open({ freshnessWaitMs: 100 })
  await using strict = open({ freshnessWaitMs: 100, maxStalenessMs: 300 })
  const count = async (door: typeof patient, after?: string) =>
    (await door.asUser(user.id).query('select count(*)::int as n from accounts', { after })).rows[0]

  for (let n = 1; n <= 25; n++) {
    await createAccount(db, { user_id: user.id })
    expect(await count(patient, await currentLsn(db))).toEqual({ n })
  }
  // Nothing more is written: what is idle has caught up, too.
  expect(await count(hasty, await currentLsn(db))).toEqual({ n: 25 })
  expect(await patient.db.selectFrom('finance.accounts').select('id').execute().catch(String)).toContain('asUser')

  await standby.execute('select pg_wal_replay_pause()')
  await createAccount(db, { user_id: user.id })
  const written = await currentLsn(db)
  await sleep(400)
  await expect(count(hasty, written)).rejects.toThrow(StaleReadError)
  await expect(count(strict)).rejects.toThrow(StaleReadError)
  expect(await count(hasty)).toEqual({ n: 25 })

  const waiting = count(patient, written)
  await standby.execute('select pg_wal_replay_resume()')
  expect(await waiting).toEqual({ n: 26 })
})
