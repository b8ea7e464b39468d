import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import * as accounts from '../../src/repositories/accounts.js'
import * as transactions from '../../src/repositories/transactions.js'
import * as users from '../../src/repositories/users.js'
import { createAccount } from '../people.js'
import { freshDatabase, test } from '../support.js'
import { cli, temporaryDirectory } from './support.js'

describe('finance-db, the data', { timeout: 120_000 }, () => {
  test('seeds the same people again as none, and verifies that their money adds up', async () => {
    await using fresh = await freshDatabase()
    const env = { DATABASE_URL: fresh.url }
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'labels.jsonl')
    const seed = ['seed', '--users', '2', '--days', '400', '--json']

    const first = JSON.parse((await cli([...seed, '--labels', file], { env })).stdout)
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    const again = JSON.parse((await cli(seed, { env })).stdout)
    const verified = await cli(['verify', '--json'], { env })
    const shown = await cli(['verify'], { env })

    expect(first).toMatchObject({ created: 2, labels: lines.length })
    expect(lines.map((line) => JSON.parse(line)).slice(0, 2)).toMatchObject([
      { type: 'seed', generator: 2, users: 2, days: 400 },
      { type: 'user', user_id: first.userIds[0], username: 'demo_user' },
    ])
    expect(again).toMatchObject({ created: 0, userIds: first.userIds })
    expect(verified.code).toBe(0)
    const report = JSON.parse(verified.stdout)
    expect(report).toMatchObject({
      ok: true,
      counts: { users: 2, accounts: first.accounts, transactions: first.transactions },
      sample: { user: { username: 'demo_user' }, range: { from: '2025-01-01', to: '2025-12-31' } },
    })
    expect(report.sample.net_worth).toMatchObject([{ currency: 'EUR' }, { currency: 'USD' }])
    expect(report.counts.investments).toBeGreaterThan(0)
    expect(report.sample.cash_flow.length).toBeGreaterThanOrEqual(12)
    expect(shown.stdout).toContain('For example demo_user')
    expect(shown.stdout).not.toContain('\x1b[')
  })

  test('shows the money of no real person', async () => {
    await using fresh = await freshDatabase()
    const { user_id, id: account_id } = await createAccount(fresh.db, { name: 'Mine alone' })
    await transactions.create(fresh.db, { user_id, account_id, date: '2026-03-01', merchant: 'Shop', amount: '5' })

    const { code, stdout } = await cli(['verify'], { env: { DATABASE_URL: fresh.url } })

    expect(code).toBe(0)
    expect(stdout).not.toContain('Mine alone')
    expect(stdout).not.toContain(user_id)
  })

  test('finds a balance that does not add up, a broken currency and a trigger that is off', async () => {
    await using fresh = await freshDatabase()
    const env = { DATABASE_URL: fresh.url }
    await cli(['seed', '--users', '1', '--days', '40'], { env })
    // Only a superuser who switches the rules off can do this.
    await fresh.db.connection().execute(async (db) => {
      await sql`set session_replication_role = replica`.execute(db)
      await sql`update finance.accounts set balance = balance + 1 where account_type = 'high_yield_savings'`.execute(db)
      await sql`update finance.accounts set currency = 'CHF' where account_type = 'checking' and currency = 'USD'`.execute(
        db,
      )
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

  test('makes the people that are asked for, and no others', async () => {
    await using fresh = await freshDatabase()
    const env = { DATABASE_URL: fresh.url }
    const seed = ['seed', '--users', '3', '--days', '220', '--personas', 'savings_builder=2,general_wellness=1']

    const wrong = await cli([...seed.slice(0, -1), 'savers=1'], { env })
    const older = await cli([...seed, '--generator', '1'], { env })
    const nowhere = await cli([...seed, '--labels', join('/', 'nowhere', 'labels.jsonl')], { env })
    const done = await cli(seed, { env })

    expect([wrong.code, older.code, nowhere.code]).toEqual([2, 1, 2])
    expect(nowhere.stderr).toContain('/nowhere/labels.jsonl cannot be written (ENOENT)')
    expect(wrong.stderr).toContain('savings_builder')
    expect(older.stderr).toContain('Generator 1 is not in this release')
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('Added 3 people') })
    const used =
      await sql`select from finance.accounts where account_type = 'credit_card' and -balance >= 0.5 * credit_limit`.execute(
        fresh.db,
      )
    expect(used.rows).toEqual([])
  })

  test('leaves the labels of before when it refuses', async () => {
    await using fresh = await freshDatabase()
    await using directory = await temporaryDirectory()
    const env = { DATABASE_URL: fresh.url }
    const file = join(directory.path, 'labels.jsonl')
    const seed = ['seed', '--users', '1', '--days', '30', '--labels']
    expect((await cli([...seed, file], { env })).code).toBe(0)
    const before = await readFile(file, 'utf8')

    const other = await cli([...seed, file, '--seed', '2'], { env })
    const aDirectory = await cli([...seed, directory.path], { env })

    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('Someone of another seed') })
    expect(aDirectory).toMatchObject({ code: 2, stderr: expect.stringContaining('is a directory') })
    expect(await readdir(directory.path)).toEqual(['labels.jsonl'])
    expect(await readFile(file, 'utf8')).toBe(before)
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
    expect(whole).toMatchObject({ ok: true, counts: { users: 5, accounts: 18, transactions: 6090 } })
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
