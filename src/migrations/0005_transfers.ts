import { comments, touchTrigger } from './comments.js'
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
  memo text not null default '',
  status text not null default 'pending',
  idempotency_key text not null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint transfers_pkey primary key (user_id, id),
  constraint transfers_from_account_id_fkey foreign key (user_id, from_account_id, from_currency)
    references ${finance}.accounts (user_id, id, currency),
  constraint transfers_to_account_id_fkey foreign key (user_id, to_account_id, to_currency)
    references ${finance}.accounts (user_id, id, currency),
  constraint transfers_idempotency_key_key unique (user_id, idempotency_key),
  constraint transfers_to_account_id_check check (to_account_id <> from_account_id),
  constraint transfers_from_amount_check check (from_amount > 0 and from_amount <> 'NaN'),
  constraint transfers_to_amount_check check (to_amount > 0 and to_amount <> 'NaN'),
  constraint transfers_rate_check check (
    case when from_currency = to_currency then rate is null and from_amount = to_amount
         else rate > 0 and rate <> 'NaN' and rate_source is not null end),
  constraint transfers_status_check check (status in ('pending', 'completed', 'failed', 'cancelled'))
)`,
    `create index transfers_from_account_id_idx on ${finance}.transfers (user_id, from_account_id)`,
    `create index transfers_to_account_id_idx on ${finance}.transfers (user_id, to_account_id)`,
    touchTrigger(finance, 'transfers'),
    ...comments(`${finance}.transfers`, 'Money moved between two accounts of one person.', {
      from_amount: 'What leaves, positive, in from_currency.',
      to_amount: 'What arrives, positive, in to_currency.',
      rate: 'Units of to_currency for one of from_currency; null within one currency.',
      rate_source: 'Where the rate comes from. Required with a rate.',
      idempotency_key: 'The key of the caller: the same key gives the same transfer.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.transfers`],
}
