import { comments, touchTrigger } from './comments.js'
import { refuseChanges } from './raise.js'
import type { SqlMigration } from './shape.js'

export const p2pTransfers: SqlMigration = {
  name: '0008_p2p_transfers',
  up: ({ finance }) => [
    `create table ${finance}.p2p_transfers (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  from_account_id uuid not null,
  recipient_id uuid not null,
  to_account_id uuid,
  amount numeric(19,4) not null,
  currency char(3) not null,
  to_amount numeric(19,4),
  to_currency char(3),
  rate numeric(28,10),
  rate_source text,
  residue numeric(38,14) not null generated always as (amount * coalesce(rate, 1) - coalesce(to_amount, amount)) stored,
  memo text not null default '',
  status text not null default 'pending',
  idempotency_key text not null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint p2p_transfers_pkey primary key (user_id, id),
  constraint p2p_transfers_from_account_id_fkey foreign key (user_id, from_account_id, currency)
    references ${finance}.accounts (user_id, id, currency),
  constraint p2p_transfers_recipient_id_fkey foreign key (recipient_id) references ${finance}.users (id),
  constraint p2p_transfers_idempotency_key_key unique (user_id, idempotency_key),
  constraint p2p_transfers_recipient_id_check check (recipient_id <> user_id),
  constraint p2p_transfers_amount_check check (-amount < 0),
  constraint p2p_transfers_to_amount_check check (-to_amount < 0),
  constraint p2p_transfers_rate_check check (
    (rate is null) = (coalesce(to_currency, currency) = currency) and (rate_source is null) = (rate is null)
    and (rate is not null or coalesce(to_amount, amount) = amount) and -coalesce(rate, 1) < 0),
  constraint p2p_transfers_accepted_check check (
    (status = 'accepted') = (to_account_id is not null and to_amount is not null and to_currency is not null)),
  constraint p2p_transfers_status_check check (status in ('pending', 'accepted', 'declined', 'cancelled', 'failed'))
)`,
    `create index p2p_transfers_from_account_id_idx on ${finance}.p2p_transfers (user_id, from_account_id)`,
    // what was sent to me, newest first; by an id the recipient finds one, whoever sent it
    `create unique index p2p_transfers_recipient_id_key on ${finance}.p2p_transfers (recipient_id, id desc)`,
    touchTrigger(finance, 'p2p_transfers'),
    refuseChanges(finance, 'p2p_transfers', {
      rule: 'p2p_transfers_final',
      sentence: 'What was sent is not changed, and what was decided is final.',
      fixed: [
        'user_id',
        'id',
        'from_account_id',
        'recipient_id',
        'amount',
        'currency',
        'idempotency_key',
        'created_at',
      ],
      final: {
        when: "old.status <> 'pending'",
        columns: ['status', 'to_account_id', 'to_amount', 'to_currency', 'rate', 'rate_source'],
      },
    }),
    `create trigger p2p_transfers_final before update on ${finance}.p2p_transfers
  for each row execute function ${finance}.p2p_transfers_final()`,
    `create trigger p2p_transfers_kept before delete on ${finance}.p2p_transfers
  for each row execute function ${finance}.refuse('p2p_transfers_kept', 'A transfer between people is not deleted: cancel or decline it.')`,
    ...comments(`${finance}.p2p_transfers`, 'Money sent from one person to another. It belongs to the sender.', {
      user_id: 'The sender.',
      recipient_id: 'The person who is to get it.',
      to_account_id: 'The account of the recipient that took it; null until accepted.',
      amount: 'What is sent, positive, in currency.',
      to_amount: 'What arrives, positive, in to_currency; null until accepted.',
      to_currency: 'The currency of the account that took it; null until accepted.',
      rate: 'Units of to_currency for one of currency; null within one currency.',
      rate_source: 'Where the rate comes from. Required with a rate.',
      residue: 'What rounding to_amount left over, in to_currency: amount × rate − to_amount.',
      idempotency_key: 'The key of the caller: the same key gives the same transfer.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.p2p_transfers`, `drop function ${finance}.p2p_transfers_final()`],
}
