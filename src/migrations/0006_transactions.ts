import { comments, touchTrigger } from './comments.js'
import { refuseChanges } from './raise.js'
import type { SqlMigration } from './shape.js'

export const transactions: SqlMigration = {
  name: '0006_transactions',
  up: ({ finance }) => [
    `create table ${finance}.transactions (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  account_id uuid not null,
  date date not null,
  posted_at timestamptz(3) default now(),
  recorded_at timestamptz(3) not null default now(),
  merchant text not null,
  amount numeric(19,4) not null,
  currency char(3) not null,
  direction text not null generated always as (case when amount < 0 then 'debit' else 'credit' end) stored,
  category text not null default 'uncategorized',
  description text not null default '',
  is_subscription boolean not null default false,
  status text not null default 'posted',
  external_id text,
  source text not null default 'manual',
  idempotency_key text,
  transfer_id uuid,
  reverses_id uuid,
  pending_id uuid,
  p2p_transfer_id uuid,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint transactions_pkey primary key (user_id, id),
  -- the account, its owner and its currency in one reference; the owner exists because the account does
  constraint transactions_account_id_fkey foreign key (user_id, account_id, currency)
    references ${finance}.accounts (user_id, id, currency),
  constraint transactions_transfer_id_fkey foreign key (user_id, transfer_id) references ${finance}.transfers (user_id, id),
  constraint transactions_reverses_id_fkey foreign key (user_id, reverses_id) references ${finance}.transactions (user_id, id),
  constraint transactions_date_check check (date between '0001-01-01' and '9999-12-31'),
  constraint transactions_posted_at_check check ((status = 'posted') = (posted_at is not null)),
  constraint transactions_amount_check check (amount <> 'NaN'),
  constraint transactions_category_check check (category <> ''),
  constraint transactions_status_check check (status in ('pending', 'posted', 'released')),
  constraint transactions_external_id_check check (external_id <> '')
)`,
    // transactions.list by person
    `create index transactions_date_id_idx on ${finance}.transactions (user_id, date desc, id desc)`,
    // transactions.list by account, balance history; serves the reference to accounts
    `create index transactions_account_id_date_id_idx on ${finance}.transactions (user_id, account_id, date desc, id desc)`,
    // reports over everybody for a span of days
    `create index transactions_date_idx on ${finance}.transactions (date)`,
    // transactions.import: a row of the bank is taken once
    `create unique index transactions_external_id_key on ${finance}.transactions (user_id, account_id, external_id)
  where external_id is not null`,
    `create unique index transactions_idempotency_key_key on ${finance}.transactions (user_id, idempotency_key)
  where idempotency_key is not null`,
    // a movement is reversed once
    `create unique index transactions_reverses_id_key on ${finance}.transactions (user_id, reverses_id) where reverses_id is not null`,
    // each side of a transfer between people is there once
    `create unique index transactions_p2p_transfer_id_key on ${finance}.transactions (user_id, p2p_transfer_id)
  where p2p_transfer_id is not null`,
    `create index transactions_transfer_id_idx on ${finance}.transactions (user_id, transfer_id) where transfer_id is not null`,
    touchTrigger(finance, 'transactions'),
    refuseChanges(finance, 'transactions', {
      rule: 'transactions_posted_immutable',
      sentence: 'A posted or released transaction is not changed: reverse a posted one by a new one.',
      fixed: [
        'user_id',
        'id',
        'account_id',
        'date',
        'posted_at',
        'recorded_at',
        'amount',
        'currency',
        'status',
        'created_at',
        'idempotency_key',
        'transfer_id',
        'reverses_id',
        'pending_id',
        'p2p_transfer_id',
      ],
      final: { when: 'old.external_id is not null', columns: ['external_id'] },
    }),
    `create trigger transactions_posted_immutable before update on ${finance}.transactions
  for each row when (old.status <> 'pending')
  execute function ${finance}.transactions_posted_immutable()`,
    `create trigger transactions_posted_kept before delete on ${finance}.transactions
  for each row when (old.status <> 'pending' or old.p2p_transfer_id is not null)
  execute function ${finance}.refuse('transactions_posted_kept', 'Only a pending transaction is deleted: reverse a posted one by a new one.')`,
    `create trigger transactions_not_truncated before truncate on ${finance}.transactions
  for each statement
  execute function ${finance}.refuse('transactions_not_truncated', 'Transactions are not truncated: balances depend on them.')`,
    ...comments(
      `${finance}.transactions`,
      'Movements of money on an account. Posted rows are append-only: a mistake is reversed by a new row.',
      {
        date: 'The day it counts for, as the bank books it; no time zone.',
        posted_at: 'The instant it counts for; null while pending.',
        recorded_at:
          'When this database took it as it is: when it was written, or posted if it was pending before. Not when it happened.',
        merchant: 'Who was paid or paid, as people know it.',
        amount: 'In currency. Money into the account is positive, out of it negative.',
        currency: 'ISO 4217 code, that of the account.',
        direction: 'Derived from amount: debit below zero, else credit.',
        category:
          'What it was for, one word of the host such as groceries. Money between own accounts: transfer, credit_card_payment, investment_transfer.',
        description: 'The text of the bank, or notes.',
        is_subscription: 'Part of a recurring charge, as found by signals or said by a person.',
        status:
          'pending: not in the balance, may change, and held if it takes money; posted: in the balance, final; released: was pending and came to nothing, final.',
        external_id: 'The id that the bank or aggregator gave it: unique within the account.',
        source: 'What wrote it: manual, an importer, a seeder, an integration.',
        idempotency_key: 'The key of the caller: the same key gives the same transaction.',
        transfer_id: 'Both sides of a transfer between own accounts carry it.',
        reverses_id: 'The transaction that this one takes back.',
        p2p_transfer_id: 'Both sides of a transfer between people carry it, each with its own person.',
        pending_id: 'The pending row that this posted one replaced. That row is gone.',
      },
    ),
  ],
  down: ({ finance }) => [
    `drop table ${finance}.transactions`,
    `drop function ${finance}.transactions_posted_immutable()`,
  ],
}
