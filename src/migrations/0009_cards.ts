import { comments, touchTrigger } from './comments.js'
import type { SqlMigration } from './shape.js'

export const cards: SqlMigration = {
  name: '0009_cards',
  up: ({ finance }) => [
    `create table ${finance}.cards (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  account_id uuid not null,
  brand text not null,
  last4 text not null,
  exp_month smallint not null,
  exp_year smallint not null,
  token text not null,
  status text not null default 'active',
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint cards_pkey primary key (user_id, id),
  constraint cards_account_id_fkey foreign key (user_id, account_id) references ${finance}.accounts (user_id, id),
  constraint cards_token_key unique (user_id, token),
  constraint cards_last4_check check (last4 ~ '^[0-9]{4}$'),
  constraint cards_exp_month_check check (exp_month between 1 and 12),
  constraint cards_exp_year_check check (exp_year between 2000 and 2999),
  -- ISO/IEC 7812: a card number has 8 to 19 digits, often in groups
  constraint cards_token_check check (token <> '' and token !~ '^[0-9]([ -]?[0-9]){7,18}$'),
  constraint cards_status_check check (status in ('active', 'frozen', 'expired', 'cancelled'))
)`,
    `create index cards_account_id_idx on ${finance}.cards (user_id, account_id)`,
    touchTrigger(finance, 'cards'),
    ...comments(`${finance}.cards`, 'Payment cards of an account. Never a card number.', {
      last4: 'The end of the card number, for people to recognise it.',
      exp_month: '1 to 12.',
      token: 'Secret. What the card processor knows the card by, encrypted.',
      status: 'active, frozen, expired or cancelled.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.cards`],
}
