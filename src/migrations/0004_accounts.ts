import { comments, touchTrigger } from './comments.js'
import type { SqlMigration } from './shape.js'

export const accounts: SqlMigration = {
  name: '0004_accounts',
  up: ({ finance }) => [
    // Postgres reads every check anew for each statement that writes, so those of a table that every posting updates are few
    // and short (docs/decisions/0033). NaN is above all numbers: `-x <= 0` refuses it too.
    `create table ${finance}.accounts (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  account_type text not null,
  name text not null,
  institution text,
  account_number_last4 text,
  currency char(3) not null default 'USD',
  opening_balance numeric(19,4) not null default 0,
  balance numeric(19,4) not null,
  credit_limit numeric(19,4),
  minimum_balance numeric(19,4),
  held numeric(19,4) not null default 0,
  available numeric(21,4) not null
    generated always as (balance - held - coalesce(minimum_balance, -credit_limit, 0)) stored,
  external_id text,
  status text not null default 'active',
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint accounts_pkey primary key (user_id, id),
  constraint accounts_user_id_fkey foreign key (user_id) references ${finance}.users (id),
  -- lets transactions and transfers refer to an account together with its currency
  constraint accounts_currency_key unique (user_id, id, currency),
  constraint accounts_account_type_check check (account_type in (
    'checking', 'savings', 'high_yield_savings', 'money_market', 'credit_card', 'loan', 'investment')),
  constraint accounts_name_check check (name <> ''),
  constraint accounts_account_number_last4_check check (account_number_last4 ~ '^[0-9A-Za-z]{1,4}$'),
  constraint accounts_currency_check check (currency ~ '^[A-Z]{3}$'),
  constraint accounts_opening_balance_check check (opening_balance <> 'NaN'),
  constraint accounts_minimum_balance_check check (balance >= minimum_balance),
  constraint accounts_credit_limit_check check (-credit_limit <= 0),
  constraint accounts_status_check check (status in ('active', 'frozen', 'closed'))
)`,
    // an import finds the account it knows by the bank's own id
    `create unique index accounts_external_id_key on ${finance}.accounts (user_id, external_id) where external_id is not null`,
    touchTrigger(finance, 'accounts'),
    ...comments(
      `${finance}.accounts`,
      'Where money is: bank accounts, cards, loans and investments, one currency each.',
      {
        account_number_last4: 'The end of the account number, for people to recognise it. Never more.',
        currency: 'ISO 4217 code. Fixed once the account has transactions.',
        opening_balance: 'Money on the account before its first row here, in currency. Debt is negative.',
        balance:
          'opening_balance plus every posted transaction, in currency; kept by the database and not writable. What is owed is negative.',
        credit_limit: 'How far below zero a card, overdraft or credit line may go, as a positive number in currency.',
        minimum_balance:
          'Nothing may take the balance below it, whoever writes. In currency. Null: what happened at a bank is recorded even when it overdraws, and what is moved here stops at the credit limit.',
        held: 'Pending transactions that take money, added up as a positive number in currency; kept by the database and not writable.',
        available:
          'What may still be moved out, in currency: balance less held, down to the minimum balance, else to the credit limit, else to zero. Negative: overdrawn.',
        external_id: 'The id that the bank or aggregator has for it.',
        status: 'active, or frozen or closed: then nothing is posted or held, whoever writes.',
      },
    ),
  ],
  down: ({ finance }) => [`drop table ${finance}.accounts`],
}
