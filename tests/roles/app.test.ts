import { describe, expect, test } from 'vitest'
import {
  accounts,
  audit,
  consents,
  insights,
  migrate,
  PermissionDeniedError,
  p2pTransfers,
  transactions,
  transfers,
  users,
} from '../../src/index.js'
import { identifier } from '../../src/quoting.js'
import { seed } from '../../src/seed/index.js'
import { createAccount, createTransaction, newTransaction } from '../people.js'
import { execute } from '../server.js'
import { outcome, provisionedDatabase } from './support.js'

describe('an app', { timeout: 180_000 }, () => {
  test('is told what is in its way where row_security is off', async () => {
    await using database = await provisionedDatabase()
    const account = await createAccount(database.owner)
    await execute(database.url, `alter role ${identifier(database.names.app)} set row_security = off`)

    const refused = await transactions.create(database.as('app'), newTransaction(account)).catch((e: unknown) => e)

    expect(refused).toBeInstanceOf(PermissionDeniedError)
    expect(String(refused)).toContain('row_security is off')
  })

  test('does all that an application does', async () => {
    await using database = await provisionedDatabase()
    const app = database.as('app')
    expect((await migrate(app)).alreadyUpToDate).toBe(true)

    const [mine, theirs] = [await createAccount(app, { opening_balance: '100' }), await createAccount(app)]
    const savings = await createAccount(app, { user_id: mine.user_id })
    const paid = await transactions.post(app, { ...newTransaction(mine), amount: '-10' })
    await transactions.reverse(app, mine.user_id, paid.id)
    await transactions.release(app, mine.user_id, (await transactions.hold(app, newTransaction(mine))).id)
    const announced = await transactions.hold(app, newTransaction(mine))
    await app.deleteFrom('finance.transactions').where('id', '=', announced.id).execute()
    await transfers.create(app, {
      user_id: mine.user_id,
      from_account_id: mine.id,
      to_account_id: savings.id,
      amount: '30',
      idempotency_key: 'x',
    })
    const send = { user_id: mine.user_id, from_account_id: mine.id, recipient_id: theirs.user_id, amount: '7' }
    const sent = await p2pTransfers.send(app, { ...send, idempotency_key: 'a' })
    await p2pTransfers.accept(app, theirs.user_id, sent.id, { to_account_id: theirs.id })
    await p2pTransfers.cancel(app, mine.user_id, (await p2pTransfers.send(app, { ...send, idempotency_key: 'b' })).id)
    const row = {
      user_id: mine.user_id,
      account_id: mine.id,
      date: '2026-01-01',
      merchant: 'x',
      amount: '1',
      external_id: 'e',
    }
    expect(await transactions.import(app, [row])).toMatchObject({ inserted: 1 })
    await consents.grant(app, { user_id: mine.user_id })
    await insights.create(app, { user_id: mine.user_id, title: 't', message: 'm', type: 'x' })
    expect(await accounts.get(app, mine.user_id, mine.id)).toMatchObject({ balance: '64.0000', held: '0.0000' })

    const exported: string[] = []
    for await (const line of users.export(app, mine.user_id)) exported.push(line)
    expect(exported.length).toBeGreaterThan(10)
    expect(await audit.verify(app, mine.user_id)).toMatchObject({ ok: true })
    expect(await users.erase(app, mine.user_id, { reason: 'asked' })).toBe(true)
    expect(await audit.verify(app, mine.user_id)).toMatchObject({ ok: true })
    expect(await seed(app, { users: 2, until: '2025-12-31' })).toMatchObject({ created: 2 })
  })

  test('forges no balance, no audit entry and no seal', async () => {
    await using database = await provisionedDatabase()
    const account = await createAccount(database.owner, { opening_balance: '5' })
    await createTransaction(database.owner, account)
    const app = await database.client('app')
    for (const text of [
      'update finance.accounts set balance = 7',
      'update finance.accounts set held = 7',
      'update finance.accounts set balance = 7, opening_balance = 7',
      `insert into finance.accounts (user_id, account_type, name, balance) values ('${account.user_id}', 'checking', 'x', 9)`,
      // inside of a trigger the guard of balances takes the writer for the database itself
      `do $$ begin
        create temporary table mine (a int);
        create function pg_temp.forge() returns trigger language plpgsql as 'begin update finance.accounts set balance = 7; return null; end';
        create trigger forge after insert on mine for each row execute function pg_temp.forge();
        insert into mine values (1);
      end $$`,
      `do $$ begin
        create temporary table mine (user_id uuid, account_id uuid, status text, amount numeric);
        create trigger forge after insert on mine referencing new table as inserted for each statement execute function finance.post_inserted();
      end $$`,
      `do $$ begin
        create temporary table mine (like finance.audit_log);
        create trigger forge after insert on mine for each row execute function finance.seal_audit_log();
      end $$`,
      `do $$ begin
        create temporary table mine (user_id uuid);
        create trigger spy before insert on mine for each row execute function finance.refuse_erased();
      end $$`,
      `insert into finance.audit_log (user_id, actor, table_name, operation, changes, digest) values ('${account.user_id}', 'x', 'users', 'update', '{}', '')`,
      `update finance.audit_log set changes = '{}', salt = null`,
      'delete from finance.audit_log',
      'truncate finance.audit_log',
      `insert into finance.audit_seals (user_id, seq, first_id, last_id, rows, hash, at) values ('${account.user_id}', 9, 1, 1, 1, '', now())`,
      'update finance.audit_seals set rows = 1',
      'delete from finance.audit_seals',
      `select finance.write_audit('${account.user_id}', 'users', '${account.user_id}', 'update', '{}')`,
      `select finance.audit_snapshot('${account.user_id}')`,
      `select finance.audit_table('users')`,
      'select finance.apply_roles()',
      'select inner_key from finance.scope_keys',
      'insert into finance.scope_keys values (1)',
      `insert into finance.database_roles (name, kind) values ('x', 'app')`,
      `insert into finance.readable_columns values ('users', 'password_hash')`,
      `insert into finance.migrations values (1)`,
      'truncate finance.transactions',
      'alter table finance.accounts disable trigger all',
      'alter table finance.accounts add column x int',
      'create table finance.x (a int)',
      'drop table finance.insights',
      `set session_replication_role = 'replica'`,
    ]) {
      expect(await outcome(app, text), text).toBe('42501')
    }
    expect(await accounts.get(database.owner, account.user_id, account.id)).toMatchObject({ balance: '-7.5000' })
  })
})
