import type { Account, Db, NewAccount, NewTransaction, NewUser, Transaction, User } from '../src/index.js'
import { accounts, transactions, users } from '../src/index.js'

/** The smallest valid rows, with what a test cares about on top. Unique values come from a counter. */
const made = { count: 0 }

export function newUser(overrides: Partial<NewUser> = {}): NewUser {
  return { email: `person${++made.count}@example.org`, ...overrides }
}

export async function createUser(db: Db, overrides: Partial<NewUser> = {}): Promise<User> {
  return users.create(db, newUser(overrides))
}

export function newAccount(userId: string, overrides: Partial<NewAccount> = {}): NewAccount {
  return { user_id: userId, account_type: 'checking', name: 'Everyday', ...overrides }
}

/** With an owner of its own unless `user_id` is given. */
export async function createAccount(db: Db, overrides: Partial<NewAccount> = {}): Promise<Account> {
  const userId = overrides.user_id ?? (await createUser(db)).id
  return accounts.create(db, newAccount(userId, overrides))
}

export function newTransaction(account: Account, overrides: Partial<NewTransaction> = {}): NewTransaction {
  return {
    user_id: account.user_id,
    account_id: account.id,
    date: '2026-03-01',
    merchant: 'Corner shop',
    amount: '-12.50',
    ...overrides,
  }
}

export async function createTransaction(
  db: Db,
  account: Account,
  overrides: Partial<NewTransaction> = {},
): Promise<Transaction> {
  return transactions.create(db, newTransaction(account, overrides))
}
