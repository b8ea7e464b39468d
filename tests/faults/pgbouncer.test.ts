import { expect, test } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { checkHealth } from '../../src/health/index.js'
import { startProxy } from '../connection/proxy.js'
import { pgbouncerBinary, startPgBouncer } from '../migrations/pgbouncer.js'
import { expectNothingLostOrDoubled, payers, startLoad, tell } from './load.js'
import { startServer } from './servers.js'

const missing = pgbouncerBinary === undefined ? ' (skipped: pgbouncer is not installed)' : ''

test.skipIf(missing !== '')(`PgBouncer restarts, and the server behind it, lose nothing${missing}`, async () => {
  await using server = await startServer()
  await server.execute('create database bounced')
  // It would refuse everybody for 15 s after it failed to reach the server once.
  const start = () => startPgBouncer(pgbouncerBinary ?? '', server.url, 4, 'server_login_retry = 1\n')
  let bouncer = await start()
  // Its port is another one after each start; the address of it stays.
  const address = await startProxy(bouncer.through(server.url))
  const db = createFinanceDb(
    {
      connectionString: address.through(server.url),
      database: 'bounced',
      preparedStatements: false,
      statementTimeoutMs: 0,
      idleTransactionTimeoutMs: 0,
      sslMode: 'disable',
      poolSize: 8,
    },
    {},
  )
  const load = startLoad(db, await payers(db, 8))

  for (let times = 0; times < 2; times++) {
    await load.more(100)
    await bouncer[Symbol.asyncDispose]()
    bouncer = await start()
    address.retarget(bouncer.through(server.url))
  }
  await load.more(100)
  await server.kill()
  await server.start()
  await load.more(100)
  const figures = await load.stop()

  expect(figures.retries).toBeGreaterThan(0)
  await expectNothingLostOrDoubled(db, figures)
  expect(await checkHealth(db)).toMatchObject({ status: 'ok' })
  tell('PgBouncer restarts', figures)
  await db.destroy()
  await address.close()
  await bouncer[Symbol.asyncDispose]()
})
