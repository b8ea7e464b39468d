import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { checkHealth, readiness } from '../../src/health/index.js'
import { startProxy } from '../connection/proxy.js'
import { expectNothingLostOrDoubled, payers, startLoad, tell } from './load.js'
import { startServer } from './servers.js'

test('a failover under load to a synchronous standby loses nothing and does nothing twice', async () => {
  await using primary = await startServer('', 'debian')
  await using standby = await primary.standby()
  // What leads to the primary: a name or an address, which moves a while after the standby was promoted.
  const address = await startProxy(primary.url)
  const db = createFinanceDb({ connectionString: address.through(primary.url), poolSize: 8, sslMode: 'disable' }, {})
  const everyone = await payers(db, 8)
  await primary.execute(`alter system set synchronous_standby_names = 'standby'`)
  await primary.execute('select pg_reload_conf()')
  const load = startLoad(db, everyone)
  await load.more(200)

  await primary.kill()
  await standby.execute('select pg_promote()')
  address.newcomers('refuse')
  await sleep(500)
  expect(await readiness(db, { timeoutMs: 500 })).toMatchObject({ ready: false })
  address.retarget(standby.url)
  address.newcomers('answer')
  await load.more(200)
  const figures = await load.stop()

  await expectNothingLostOrDoubled(db, figures)
  expect(await checkHealth(db)).toMatchObject({ status: 'ok' })
  tell('failover', figures)
  await db.destroy()
  await address.close()
})

test('connections that lead to a server which takes no more writes are let go, and new ones find the primary', async () => {
  await using primary = await startServer('', 'debian')
  await using standby = await primary.standby()
  const address = await startProxy(primary.url)
  const db = createFinanceDb({ connectionString: address.through(primary.url), poolSize: 6, sslMode: 'disable' }, {})
  const everyone = await payers(db, 6)
  await expect.poll(async () => standby.execute('select from finance.accounts')).toHaveLength(6)

  // All of the pool leads to a standby, as after a switch of roles that left connections open.
  address.retarget(standby.url)
  address.cut()
  await sleep(100)
  await Promise.all(everyone.map(() => db.selectFrom('finance.users').select('id').execute()))
  expect(await readiness(db)).toEqual({ ready: false, reasons: ['read-only'] })
  address.retarget(primary.url)

  const load = startLoad(db, everyone, 5_000)
  await load.more(100)
  const figures = await load.stop()

  await expectNothingLostOrDoubled(db, figures)
  expect(figures.retries).toBeGreaterThan(0)
  // Not each of the six had to be refused by itself.
  expect(figures.longestGapMs).toBeLessThan(2_000)
  expect(await readiness(db)).toEqual({ ready: true, reasons: [] })
  await db.destroy()
  await address.close()
})
