import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import * as accounts from '../../src/repositories/accounts.js'
import * as users from '../../src/repositories/users.js'
import { freshDatabase, test } from '../support.js'
import { cli, temporaryDirectory } from './support.js'

describe('finance-db, the data', { timeout: 120_000 }, () => {
  test('seeds the same people again as none, and verifies that their money adds up', async () => {
    await using fresh = await freshDatabase()
    const env = { DATABASE_URL: fresh.url }
    const seed = ['seed', '--users', '2', '--days', '400', '--json']

    const first = JSON.parse((await cli(seed, { env })).stdout)
    const again = JSON.parse((await cli(seed, { env })).stdout)
    const verified = await cli(['verify', '--json'], { env })
    const shown = await cli(['verify'], { env })

    expect(first).toMatchObject({ created: 2, accounts: 7 })
    expect(again).toMatchObject({ created: 0, userIds: first.userIds })
    expect(verified.code).toBe(0)
    const report = JSON.parse(verified.stdout)
    expect(report).toMatchObject({
      ok: true,
      counts: { users: 2, accounts: 7, transactions: first.transactions },
      sample: { user: { username: 'demo_user' }, range: { from: '2025-01-01', to: '2025-12-31' } },
    })
    expect(report.sample.cash_flow.length).toBeGreaterThanOrEqual(12)
    expect(shown.stdout).toContain('For example demo_user')
    expect(shown.stdout).not.toContain('\x1b[')
  })

  test('finds a balance that does not add up, a broken currency and a trigger that is off', async () => {
    await using fresh = await freshDatabase()
    const env = { DATABASE_URL: fresh.url }
    await cli(['seed', '--users', '1', '--days', '40'], { env })
    // Only a superuser who switches the rules off can do this.
    await fresh.db.connection().execute(async (db) => {
      await sql`set session_replication_role = replica`.execute(db)
      await sql`update finance.accounts set balance = balance + 1 where account_type = 'savings' and currency = 'USD'`.execute(
        db,
      )
      await sql`update finance.accounts set currency = 'CHF' where account_type = 'checking'`.execute(db)
      await sql`set session_replication_role = default`.execute(db)
    })
    await sql`alter table finance.transactions disable trigger transactions_post_inserted`.execute(fresh.db)

    const verified = await cli(['verify', '--json', '--no-sample'], { env })

    expect(verified.code).toBe(3)
    const { ok, invariants } = JSON.parse(verified.stdout)
    expect(ok).toBe(false)
    const broken = invariants.filter((invariant: { broken: number }) => invariant.broken > 0)
    expect(broken).toMatchObject([
      { name: expect.stringContaining('every balance'), broken: 1 },
      { name: expect.stringContaining('in its currency') },
      { name: expect.stringContaining('the log replayed'), broken: 1 },
      { name: expect.stringContaining('no trigger'), examples: ['transactions_post_inserted'] },
    ])
  })

  test('puts no made-up people among real accounts, unless told', async () => {
    await using fresh = await freshDatabase()
    const env = { DATABASE_URL: fresh.url }
    const { id } = await users.create(fresh.db, { email: 'real@example.org' })
    await accounts.create(fresh.db, { user_id: id, account_type: 'checking', name: 'Real' })

    const refused = await cli(['init', '--sample'], { env })
    const alsoRefused = await cli(['seed', '--users', '1', '--days', '30'], { env })
    const told = await cli(['seed', '--users', '1', '--days', '30', '--into-existing'], { env })

    expect([refused.code, alsoRefused.code]).toEqual([2, 2])
    expect(refused.stderr).toContain('--into-existing')
    expect(told.code).toBe(0)
  })

  test('stops at Ctrl-C while it seeds an embedded database, and goes on when run again', async () => {
    await using directory = await temporaryDirectory()
    const where = ['--pglite', join(directory.path, 'data')]

    await cli(['init', ...where])
    const stopped = await cli(['seed', ...where], {
      env: { DATABASE_ECHO: 'true' },
      interruptAt: 'insert into "finance"."transactions"',
    })
    const left = JSON.parse((await cli(['verify', '--json', '--no-sample', ...where])).stdout)
    const again = await cli(['init', '--sample', ...where])
    const whole = JSON.parse((await cli(['verify', '--json', '--no-sample', ...where])).stdout)

    expect(stopped.code).toBe(130)
    expect(left).toMatchObject({ ok: true })
    expect(left.counts.users).toBeLessThan(5)
    expect(again.code).toBe(0)
    expect(whole).toMatchObject({ ok: true, counts: { users: 5, accounts: 16, transactions: 5770 } })
  })

  test('shows a demo that is at most 100 columns wide and whose proof holds, also as JSON', async () => {
    const [shown, json] = [await cli(['demo']), await cli(['demo', '--json'])]

    expect(shown).toMatchObject({ code: 0, stderr: '' })
    const lines = shown.stdout.split('\n')
    expect(lines.filter((line) => line.length > 100)).toEqual([])
    expect(shown.stdout).not.toContain('\x1b[')
    expect(shown.stdout).not.toContain('✗')
    expect(shown.stdout).toContain('reports.cashFlowByMonth(db, user.id, year)')

    const document = JSON.parse(json.stdout)
    expect(document.user.username).toBe('demo_user')
    expect(document.cash_flow.length).toBeGreaterThanOrEqual(12)
    expect(document.written.first).toBe(document.written.again)
    expect(Number(document.written.before) - Number(document.written.after)).toBeCloseTo(4.5, 8)
    expect(document.refused.map(({ error }: { error: string }) => error)).toEqual([
      'InvalidInputError',
      'MissingReferenceError',
      'MissingReferenceError',
      'RuleViolationError',
      'RuleViolationError',
    ])
    for (const { broken } of document.invariants) expect(broken).toBe(0)
  })
})
