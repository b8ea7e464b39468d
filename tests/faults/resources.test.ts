import { execFileSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { expect, test } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { ConnectionError, OutOfResourcesError } from '../../src/errors.js'
import { checkHealth } from '../../src/health/index.js'
import { translateError } from '../../src/postgres-errors.js'
import * as transactions from '../../src/repositories/transactions.js'
import { findIdentity } from '../../src/testing/embedded-server.js'
import { expectNothingLostOrDoubled, payers, startLoad, tell } from './load.js'
import { ownDirectory, startServer } from './servers.js'

test('full connection slots are waited for, and told as a refusal that applied nothing', async () => {
  await using server = await startServer('max_connections = 12\n')
  const db = createFinanceDb({ connectionString: server.url, poolSize: 4, maxOverflow: 0, minSize: 0 }, {})
  const everyone = await payers(db, 4)
  await db.destroy()

  const hogs: pg.Client[] = []
  for (;;) {
    const hog = new pg.Client({ connectionString: server.url })
    hog.on('error', () => {})
    if (
      !(await hog.connect().then(
        () => true,
        () => false,
      ))
    )
      break
    hogs.push(hog)
  }
  expect(hogs.length).toBeGreaterThan(5)

  // The role of an application, which has no reserved slots.
  const late = createFinanceDb({ connectionString: server.url, poolSize: 4, maxOverflow: 0 }, {})
  const error = await late
    .selectFrom('finance.users')
    .select('id')
    .execute()
    .catch((e: unknown) => e)
  expect(error).toBeInstanceOf(ConnectionError)
  expect(error).toMatchObject({ applied: 'no', transient: true, cause: { code: '53300' } })
  expect(await checkHealth(late)).toMatchObject({ status: 'unhealthy', reasons: ['refused'] })

  const load = startLoad(late, everyone)
  await sleep(500)
  expect(load.count()).toBe(0)
  await Promise.all(hogs.map((hog) => hog.end()))
  await load.more(100)
  const figures = await load.stop()

  await expectNothingLostOrDoubled(late, figures)
  tell('full slots', figures)
  await late.destroy()
})

const root = process.getuid?.() === 0
const whyNot = root ? undefined : 'A small disk can only be mounted by root.'

test(`a full disk stops writes and nothing else, until there is room${whyNot ? ` (skipped: ${whyNot})` : ''}`, async ({
  skip,
}) => {
  if (whyNot !== undefined) skip(whyNot)
  await using server = await startServer()
  const disk = join(server.directory, 'small-disk')
  await ownDirectory(disk, undefined)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m,mode=0777', 'tmpfs', disk], { stdio: 'pipe' })
  } catch {
    skip('A tmpfs cannot be mounted here.')
  }
  try {
    await ownDirectory(join(disk, 'space'), await findIdentity())
    await server.execute(`create tablespace small location '${join(disk, 'space')}'`)
    await server.execute('create database crowded tablespace small')
    const db = createFinanceDb({ connectionString: server.url, database: 'crowded', poolSize: 4 }, {})
    const [payer] = await payers(db, 1)
    if (payer === undefined) throw new Error('there is a payer')
    const ballast = join(disk, 'ballast')
    await writeFile(ballast, Buffer.alloc(64 << 20)).catch(() => {})

    const acknowledged: string[] = []
    const pay = async (key: string) => {
      const row = { ...payer, date: '2026-03-01', merchant: 'x'.repeat(200), amount: '1.00', idempotency_key: key }
      await transactions.post(db, row)
      acknowledged.push(key)
    }
    let full: unknown
    for (let i = 0; full === undefined && i < 20_000; i++) full = await pay(`k${i}`).catch((e: unknown) => e)

    expect(full).toBeInstanceOf(OutOfResourcesError)
    expect(full).toMatchObject({ code: 'OUT_OF_RESOURCES', resource: 'disk' })
    const reads = await sql<{ n: number }>`select count(*)::int4 as n from finance.transactions`
      .execute(db)
      .catch(translateError)
    expect(reads.rows[0]?.n).toBe(acknowledged.length)
    expect(await checkHealth(db)).toMatchObject({ database: { reachable: true } })

    await rm(ballast)
    for (let i = 0; i < 30; i++) await pay(`after${i}`)
    await expectNothingLostOrDoubled(db, { acknowledged, retries: 0, longestGapMs: 0 })
    await db.destroy()
  } finally {
    await server.shutDown('SIGINT')
    execFileSync('umount', [disk], { stdio: 'pipe' })
  }
})
