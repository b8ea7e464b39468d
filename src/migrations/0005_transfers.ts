import { comments, touchTrigger } from './comments.js'
import { refuseChanges } from './raise.js'
import type { SqlMigration } from './shape.js'

export const transfers: SqlMigration = {
  name: '0005_transfers',
  up: ({ finance }) => [
    `create table ${finance}.transfers (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  from_account_id uuid not null,
  to_account_id uuid not null,
  from_amount numeric(19,4) not null,
  from_currency char(3) not null,
  to_amount numeric(19,4) not null,
  to_currency char(3) not null,
  rate numeric(28,10),
  rate_source text,
  -- what rounding left over is written down: nothing is lost between two currencies
  residue numeric(38,14) not null generated always as (from_amount * coalesce(rate, 1) - to_amount) stored,
  date date not null,
  memo text not null default '',
  status text not null default 'pending',
  idempotency_key text not null,
  reverses_id uuid,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint transfers_pkey primary key (user_id, id),
  constraint transfers_from_account_id_fkey foreign key (user_id, from_account_id, from_currency)
    references ${finance}.accounts (user_id, id, currency),
  constraint transfers_to_account_id_fkey foreign key (user_id, to_account_id, to_currency)
    references ${finance}.accounts (user_id, id, currency),
  constraint transfers_reverses_id_fkey foreign key (user_id, reverses_id) references ${finance}.transfers (user_id, id),
  constraint transfers_idempotency_key_key unique (user_id, idempotency_key),
  -- a transfer is reversed once
  constraint transfers_reverses_id_key unique (user_id, reverses_id),
  constraint transfers_to_account_id_check check (to_account_id <> from_account_id),
  constraint transfers_from_amount_check check (-from_amount < 0),
  constraint transfers_to_amount_check check (-to_amount < 0),
  constraint transfers_rate_check check (
    (rate is null) = (from_currency = to_currency) and (rate_source is null) = (rate is null)
    and (rate is not null or from_amount = to_amount) and -coalesce(rate, 1) < 0),
  constraint transfers_date_check check (date between '0001-01-01' and '9999-12-31'),
  constraint transfers_status_check check (status in ('pending', 'completed', 'failed', 'cancelled'))
)`,
    `create index transfers_from_account_id_idx on ${finance}.transfers (user_id, from_account_id)`,
    `create index transfers_to_account_id_idx on ${finance}.transfers (user_id, to_account_id)`,
    touchTrigger(finance, 'transfers'),
    refuseChanges(finance, 'transfers', {
      rule: 'transfers_final',
      sentence: 'A transfer is not changed: reverse it by a new one.',
      fixed: [
        'user_id',
        'id',
        'from_account_id',
        'from_amount',
        'from_currency',
        'to_account_id',
        'to_amount',
        'to_currency',
        'rate',
        'rate_source',
        'date',
        'idempotency_key',
        'reverses_id',
        'created_at',
      ],
      final: { when: "old.status <> 'pending'", columns: ['status'] },
    }),
    `create trigger transfers_final before update on ${finance}.transfers
  for each row execute function ${finance}.transfers_final()`,
    `create trigger transfers_kept before delete on ${finance}.transfers
  for each row execute function ${finance}.refuse('transfers_kept', 'A transfer is not deleted: reverse it by a new one.')`,
    ...comments(`${finance}.transfers`, 'Money moved between two accounts of one person.', {
      from_amount: 'What leaves, positive, in from_currency.',
      to_amount: 'What arrives, positive, in to_currency.',
      rate: 'Units of to_currency for one of from_currency; null within one currency.',
      rate_source: 'Where the rate comes from. Required with a rate.',
      residue:
        'What rounding to_amount left over, in to_currency: from_amount × rate − to_amount. Positive: less arrived than the rate gives.',
      date: 'The day it counts for, of both sides.',
      reverses_id: 'The transfer that this one takes back.',
      idempotency_key: 'The key of the caller: the same key gives the same transfer.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.transfers`, `drop function ${finance}.transfers_final()`],
}
