import { comments, touchTrigger } from './comments.js'
import type { SqlMigration } from './shape.js'

/** Posted rows do not change, their `transfer_id` included: that two of them are one movement is said here. */
export const transferMatches: SqlMigration = {
  name: '0050_transfer_matches',
  up: ({ finance }) => [
    `create table ${finance}.transfer_matches (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  from_transaction_id uuid not null,
  to_transaction_id uuid not null,
  status text not null,
  score numeric(5,4) not null,
  reasons jsonb not null,
  decided_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint transfer_matches_pkey primary key (user_id, id),
  constraint transfer_matches_from_transaction_id_fkey foreign key (user_id, from_transaction_id)
    references ${finance}.transactions (user_id, id) on delete cascade,
  constraint transfer_matches_to_transaction_id_fkey foreign key (user_id, to_transaction_id)
    references ${finance}.transactions (user_id, id) on delete cascade,
  -- a pair is judged once: what was rejected is not suggested again
  constraint transfer_matches_from_transaction_id_key unique (user_id, from_transaction_id, to_transaction_id),
  constraint transfer_matches_to_transaction_id_check check (to_transaction_id <> from_transaction_id),
  constraint transfer_matches_status_check check (status in ('suggested', 'automatic', 'confirmed', 'rejected')),
  constraint transfer_matches_score_check check (score between 0 and 1),
  constraint transfer_matches_reasons_check check (jsonb_typeof(reasons) = 'object'),
  constraint transfer_matches_decided_at_check check ((decided_at is null) = (status = 'suggested' or status = 'automatic'))
)`,
    // a movement is one side of one transfer
    `create unique index transfer_matches_from_key on ${finance}.transfer_matches (user_id, from_transaction_id)
  where status <> 'rejected'`,
    `create unique index transfer_matches_to_key on ${finance}.transfer_matches (user_id, to_transaction_id)
  where status <> 'rejected'`,
    // serves the reference to the side that receives
    `create index transfer_matches_to_transaction_id_idx on ${finance}.transfer_matches (user_id, to_transaction_id)`,
    touchTrigger(finance, 'transfer_matches'),
    ...comments(
      `${finance}.transfer_matches`,
      'Pairs of posted transactions that are two sides of one movement between own accounts. Those that are automatic or confirmed are not spending.',
      {
        from_transaction_id: 'The side that money left, amount below zero.',
        to_transaction_id: 'The side that received it, amount above zero.',
        status:
          'suggested (likely, counts as spending until confirmed), automatic (certain enough), confirmed or rejected by someone.',
        score: 'How certain, 0 to 1.',
        reasons: 'What the score is made of.',
        decided_at: 'When someone confirmed or rejected it.',
      },
    ),
  ],
  down: ({ finance }) => [`drop table ${finance}.transfer_matches`],
}
