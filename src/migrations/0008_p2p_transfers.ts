import { comments, touchTrigger } from './comments.js'
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
  constraint p2p_transfers_amount_check check (amount > 0 and amount <> 'NaN'),
  constraint p2p_transfers_status_check check (status in ('pending', 'accepted', 'declined', 'cancelled', 'failed'))
)`,
    `create index p2p_transfers_from_account_id_idx on ${finance}.p2p_transfers (user_id, from_account_id)`,
    // what was sent to me, newest first
    `create index p2p_transfers_recipient_id_idx on ${finance}.p2p_transfers (recipient_id, id desc)`,
    touchTrigger(finance, 'p2p_transfers'),
    ...comments(`${finance}.p2p_transfers`, 'Money sent from one person to another. It belongs to the sender.', {
      user_id: 'The sender.',
      recipient_id: 'The person who is to get it.',
      to_account_id: 'The account of the recipient that took it; null until accepted.',
      amount: 'What is sent, positive, in currency.',
      idempotency_key: 'The key of the caller: the same key gives the same transfer.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.p2p_transfers`],
}
