import type { Kysely } from 'kysely'
import { logIn } from '../../src/auth/index.js'
import { checkHealth } from '../../src/health/index.js'
import {
  accounts,
  audit,
  checkSchema,
  consents,
  type Database,
  migrate,
  p2pTransfers,
  personas,
  recommendations,
  reports,
  retention,
  rollback,
  signals,
  transaction,
  transactions,
  transferMatches,
  transfers,
  users,
} from '../../src/index.js'
import { seed } from '../../src/seed/index.js'
import { createAccount, createTransaction, newTransaction } from '../people.js'

const until = '2026-03-31'

/** Much of what a service does, one thing after another, on a database that is migrated and the test's own. */
export function tour(db: Kysely<Database>): [string, () => Promise<unknown>][] {
  return [
    [
      'rows',
      async () => {
        const account = await createAccount(db, { opening_balance: '100' })
        await createTransaction(db, account)
        await transactions.createMany(
          db,
          Array.from({ length: 3 }, () => newTransaction(account)),
        )
        await users.update(db, account.user_id, { first_name: 'Ada' })
        await transactions.list(db, account.user_id, {})
        await accounts.get(db, account.user_id, account.id)
      },
    ],
    [
      'money',
      async () => {
        const [mine, theirs] = [await createAccount(db, { opening_balance: '100' }), await createAccount(db)]
        const savings = await createAccount(db, { user_id: mine.user_id })
        const paid = await transactions.post(db, { ...newTransaction(mine), amount: '-10' })
        await transactions.reverse(db, mine.user_id, paid.id)
        const pair = { user_id: mine.user_id, from_account_id: mine.id, amount: '7' }
        await transfers.create(db, { ...pair, to_account_id: savings.id, idempotency_key: 'x' })
        const sent = await p2pTransfers.send(db, { ...pair, recipient_id: theirs.user_id, idempotency_key: 'a' })
        await p2pTransfers.accept(db, theirs.user_id, sent.id, { to_account_id: theirs.id })
        await consents.grant(db, { user_id: mine.user_id })
      },
    ],
    [
      'an actor',
      async () => {
        const { user_id } = await createAccount(db)
        const rename = (first_name: string) => (trx: typeof db) => users.update(trx, user_id, { first_name })
        await transaction(db, rename('Ada'), { actor: 'back office' })
        await transaction(
          db,
          async (trx) => {
            await transaction(trx, rename('Grace'), { actor: 'another' })
            throw new Error('no')
          },
          { actor: 'back office', isolationLevel: 'serializable' },
        ).catch(() => undefined)
        await audit.verify(db, user_id)
      },
    ],
    ['a login', () => logIn(db, { email: 'nobody@example.org', password: 'wrong' }).catch(() => undefined)],
    ['seed', () => seed(db, { users: 2, until, days: 60 })],
    [
      'an import',
      async () => {
        const { user_id, id } = await createAccount(db)
        const row = { user_id, account_id: id, date: '2026-01-01', merchant: 'x', amount: '1', external_id: 'e' }
        await transactions.import(db, [row])
      },
    ],
    ['signals', () => signals.compute(db, { as_of: until })],
    ['transfer matches', () => transferMatches.find(db, { from: '2026-01-01', to: until })],
    ['personas', () => personas.assign(db, { as_of: until })],
    ['recommendations', () => recommendations.generate(db, { as_of: until })],
    [
      'reads',
      async () => {
        const { user_id } = await createAccount(db)
        await reports.netWorth(db, user_id)
        await reports.spendingByCategory(db, user_id, { from: '2026-01-01', to: until })
        for await (const _ of users.export(db, user_id));
        await checkHealth(db)
      },
    ],
    ['retention', () => retention.purge(db, { chat_logs: 50 })],
    ['doctor', () => checkSchema(db)],
    ['rollback', () => rollback(db)],
    ['migrate', () => migrate(db)],
  ]
}
