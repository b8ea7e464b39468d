import * as accounts from '../../repositories/accounts.js'
import * as cards from '../../repositories/cards.js'
import * as consents from '../../repositories/consents.js'
import * as insights from '../../repositories/insights.js'
import * as investments from '../../repositories/investments.js'
import * as transactions from '../../repositories/transactions.js'
import * as users from '../../repositories/users.js'
import type { Db } from '../../schema/database.js'
import type {
  Account,
  Card,
  Consent,
  Insight,
  Investment,
  NewAccount,
  NewCard,
  NewConsent,
  NewInsight,
  NewInvestment,
  NewTransaction,
  NewUser,
  Transaction,
  User,
} from '../../schema/index.js'
import type { SecretKeys } from '../../secrets/keys.js'
import { next, nextId } from './sequence.js'

/** A row that is not there yet: what it would be, and how it gets there. */
export interface Factory<New, Row> {
  /** The input of the repository's `create`, valid, with what was given on top. Writes nothing. */
  build(): New
  /** Writes it, and its owners when none were given. */
  create(db: Db): Promise<Row>
}

type Overrides<New> = { readonly [K in keyof New]?: New[K] | undefined }

/** A person with an e-mail address that no other test has. */
export function aUser(overrides: Overrides<NewUser> = {}): Factory<NewUser, User> {
  const { n, unique } = next()
  const input = merged<NewUser>(
    { email: `user${unique}@example.test`, first_name: 'User', last_name: `${n}` },
    overrides,
  )
  return { build: () => input, create: (db) => users.create(db, input) }
}

/** A checking account with nothing in it, in the database's default currency, of a new person unless `user_id` is given. */
export function anAccount(overrides: Overrides<NewAccount> = {}): Factory<NewAccount, Account> {
  return owned<NewAccount, Account>(overrides, { account_type: 'checking', name: 'Everyday' }, accounts.create)
}

/** A purchase of 12.50 on 2026-03-01, on a new account unless `account_id` (with its `user_id`) is given. */
export function aTransaction(overrides: Overrides<NewTransaction> = {}): Factory<NewTransaction, Transaction> {
  const defaults = { date: '2026-03-01', merchant: 'Corner shop', amount: '-12.50' }
  return onAccount<NewTransaction, Transaction>(overrides, defaults, {}, transactions.create)
}

/** 10 shares of a fund, priced, on a new investment account unless `account_id` (with its `user_id`) is given. */
export function anInvestment(overrides: Overrides<NewInvestment> = {}): Factory<NewInvestment, Investment> {
  const { n } = next()
  const defaults = {
    symbol: `FND${n}`,
    name: `Fund ${n}`,
    asset_class: 'etf',
    quantity: '10',
    cost_basis: '1000.00',
    currency: 'USD',
    price: '100.00',
    price_date: '2026-03-01',
  } as const
  return onAccount<NewInvestment, Investment>(overrides, defaults, { account_type: 'investment' }, investments.create)
}

/** A card, with a made-up token that is encrypted with `keys`, on a new account unless one is given. */
export function aCard(keys: SecretKeys, overrides: Overrides<NewCard> = {}): Factory<NewCard, Card> {
  const { unique } = next()
  const defaults = { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2099, token: `tok_test_${unique}` } as const
  return onAccount<NewCard, Card>(overrides, defaults, {}, (db, input) => cards.create(db, keys, input))
}

/** A message to a person. */
export function anInsight(overrides: Overrides<NewInsight> = {}): Factory<NewInsight, Insight> {
  const defaults = { title: 'You spent less', message: 'Less than last month.', type: 'spending' }
  return owned<NewInsight, Insight>(overrides, defaults, insights.create)
}

/** A consent that stands. */
export function aConsent(overrides: Overrides<NewConsent> = {}): Factory<NewConsent, Consent> {
  return owned<NewConsent, Consent>(overrides, {}, consents.grant)
}

/** Rows of a person: `user_id` is a new one's unless given. `build` alone makes an id up, which nobody has. */
function owned<New extends { user_id: string }, Row>(
  overrides: Overrides<New>,
  defaults: Omit<New, 'user_id'>,
  create: (db: Db, input: New) => Promise<Row>,
): Factory<New, Row> {
  const complete = (user_id: string) => merged<New>({ ...defaults, user_id } as New, overrides)
  let madeUp: string | undefined
  return {
    build() {
      madeUp ??= nextId()
      return complete(overrides.user_id ?? madeUp)
    },
    async create(db) {
      return create(db, complete(overrides.user_id ?? (await aUser().create(db)).id))
    },
  }
}

/** Rows of an account, which is a new one unless `account_id` is given, and then `user_id` has to be its owner's. */
function onAccount<New extends { user_id: string; account_id: string }, Row>(
  overrides: Overrides<New>,
  defaults: Omit<New, 'user_id' | 'account_id'>,
  account: Overrides<NewAccount>,
  create: (db: Db, input: New) => Promise<Row>,
): Factory<New, Row> {
  const complete = (owner: { user_id: string; account_id: string }) =>
    merged<New>({ ...defaults, ...owner } as New, overrides)
  let madeUp: { user_id: string; account_id: string } | undefined
  return {
    build() {
      madeUp ??= { user_id: nextId(), account_id: nextId() }
      return complete(madeUp)
    },
    async create(db) {
      if (overrides.account_id !== undefined) return create(db, complete({ user_id: '', account_id: '' }))
      const { id, user_id } = await anAccount({ ...account, user_id: overrides.user_id }).create(db)
      return create(db, complete({ user_id, account_id: id }))
    },
  }
}

/** An override that is undefined leaves the default. */
function merged<New extends object>(defaults: New, overrides: Overrides<New>): New {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(given) }
}
