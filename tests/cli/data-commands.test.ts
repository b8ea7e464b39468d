import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { checkInvariants } from '../../src/cli/invariants.js'
import * as accounts from '../../src/repositories/accounts.js'
import * as p2pTransfers from '../../src/repositories/p2p-transfers.js'
import * as transactions from '../../src/repositories/transactions.js'
import * as transfers from '../../src/repositories/transfers.js'
import * as users from '../../src/repositories/users.js'
import { createAccount, createTransaction, newTransaction } from '../people.js'
import { directDatabase, freshDatabase, test } from '../support.js'
import { cli, command, temporaryDirectory } from './support.js'

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
    const older = await cli([...seed, file, '--generator', '1'], { env })

    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('Someone of another seed') })
    expect(aDirectory).toMatchObject({ code: 2, stderr: expect.stringContaining('is a directory') })
    expect(older).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: Generator 1 is not in this release/),
    })
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

  test('leaves no statement running on the server when Ctrl-C ends it', async () => {
    await using fresh = await directDatabase()
    await sql`create or replace function finance.audit_problems(person uuid)
      returns table (user_id uuid, kind text, seq bigint, id bigint, table_name text, row_id uuid)
      language plpgsql stable as $$ begin perform pg_sleep(60); end $$`.execute(fresh.db)
    const running = async () => {
      const { rows } = await sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and state = 'active' and query like '%from "finance"."audit_problems"%'
          and pid <> pg_backend_pid()`.execute(fresh.db)
      return rows[0]?.n
    }

    const child = spawn(process.execPath, command('verify'), { env: { DATABASE_URL: fresh.url }, stdio: 'ignore' })
    await expect.poll(running, { timeout: 30_000, interval: 50 }).toBe(1)
    child.kill('SIGINT')

    await expect.poll(running, { timeout: 20_000, interval: 100 }).toBe(0)
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

test('each rule of verify finds what breaks it', async ({ db }) => {
  const mine = await createAccount(db, { opening_balance: '100' })
  const { user_id } = mine
  const [savings, theirs] = [await createAccount(db, { user_id }), await createAccount(db)]
  const empty = await createAccount(db, { minimum_balance: '0' })
  const paid = await createTransaction(db, mine)
  const reversal = await transactions.reverse(db, user_id, paid.id)
  await createTransaction(db, savings, { amount: '0' })
  const other = await createTransaction(db, savings)
  const held = await transactions.hold(db, newTransaction(mine, { amount: '-5' }))
  const moved = { user_id, from_account_id: mine.id, amount: '30' }
  const transfer = await transfers.create(db, { ...moved, to_account_id: savings.id, idempotency_key: 'a' })
  const send = (idempotency_key: string) =>
    p2pTransfers.send(db, { ...moved, recipient_id: theirs.user_id, idempotency_key })
  const [accepted, pending] = [await send('b'), await send('c')]
  await p2pTransfers.accept(db, theirs.user_id, accepted.id, { to_account_id: theirs.id })

  /** The names of the rules that are broken then; the log of the audit is told apart. */
  async function brokenBy(statements: string): Promise<string[]> {
    const trx = await db.startTransaction().execute()
    for (const statement of `set local session_replication_role = replica; ${statements}`.split(';'))
      await sql.raw(statement).execute(trx)
    const rules = await checkInvariants(trx, 'finance', () => {})
    await trx.rollback().execute()
    return rules.filter(({ name, broken }) => broken > 0 && !name.includes('audit')).map(({ name }) => name)
  }
  const rules: readonly (readonly [rule: RegExp, ...statements: string[]])[] = [
    [
      /every balance/,
      `update finance.accounts set balance = balance - 1 where id = '${mine.id}'`,
      `update finance.accounts set balance = 1 where id = '${empty.id}'`,
    ],
    [/what is held/, `update finance.accounts set held = held + 1 where id = '${savings.id}'`],
    [
      /minimum balance/,
      `alter table finance.accounts drop constraint accounts_minimum_balance_check;
        update finance.accounts set minimum_balance = balance + 1 where id = '${mine.id}'`,
    ],
    [/in its currency/, `update finance.transactions set currency = 'CHF' where id = '${paid.id}'`],
    [/belongs to a user/, `delete from finance.users where id = '${user_id}'`],
    [
      /direction/,
      `alter table finance.transactions alter direction drop expression;
        update finance.transactions set direction = 'credit' where id = '${paid.id}'`,
      `alter table finance.transactions alter direction drop expression;
        update finance.transactions set direction = 'debit' where id = '${reversal.id}'`,
    ],
    [
      /posted_at/,
      `alter table finance.transactions drop constraint transactions_posted_at_check;
        update finance.transactions set posted_at = null where id = '${paid.id}'`,
      `alter table finance.transactions drop constraint transactions_posted_at_check;
        update finance.transactions set posted_at = now() where status = 'pending'`,
    ],
    [
      /every completed transfer/,
      `update finance.transfers set from_amount = 31, to_amount = 31`,
      `update finance.transfers set from_account_id = '${theirs.id}'`,
      `update finance.transfers set to_account_id = '${theirs.id}'`,
      `update finance.transactions set transfer_id = '${transfer.id}' where id = '${paid.id}'`,
      `update finance.transactions set transfer_id = null`,
    ],
    [
      /between people/,
      `update finance.p2p_transfers set amount = 31, to_amount = 31 where id = '${accepted.id}'`,
      `update finance.p2p_transfers set amount = 31 where id = '${pending.id}'`,
      `alter table finance.p2p_transfers drop constraint p2p_transfers_rate_check;
        update finance.p2p_transfers set to_amount = 31 where id = '${accepted.id}'`,
      `update finance.p2p_transfers set from_account_id = '${savings.id}' where id = '${pending.id}'`,
      `update finance.p2p_transfers set to_account_id = '${savings.id}' where id = '${accepted.id}'`,
      `update finance.p2p_transfers set status = 'cancelled' where id = '${pending.id}'`,
      `update finance.transactions set p2p_transfer_id = null where user_id = '${theirs.user_id}'`,
      `update finance.transactions set p2p_transfer_id = null where p2p_transfer_id = '${pending.id}'`,
      `update finance.transactions set p2p_transfer_id = '${pending.id}' where user_id = '${theirs.user_id}'`,
    ],
    [
      /every reversal/,
      `update finance.transactions set reverses_id = '${other.id}' where id = '${reversal.id}'`,
      `update finance.transactions set reverses_id = '${held.id}' where id = '${reversal.id}'`,
      `update finance.transactions set reverses_id = '${transfer.id}' where id = '${reversal.id}'`,
    ],
    [
      /no constraint is unchecked/,
      `alter table finance.cards drop constraint cards_account_id_fkey,
        add constraint cards_account_id_fkey foreign key (user_id, account_id) references finance.accounts (user_id, id) not valid`,
      'alter table finance.cards enable replica trigger cards_touch',
    ],
  ]

  expect(await brokenBy('select 1')).toEqual([])
  for (const [rule, ...breaks] of rules)
    for (const statements of breaks)
      expect(await brokenBy(statements), statements).toEqual([expect.stringMatching(rule)])
})
