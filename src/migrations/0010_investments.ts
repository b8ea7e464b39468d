import { comments, touchTrigger } from './comments.js'
import type { SqlMigration } from './shape.js'

export const investments: SqlMigration = {
  name: '0010_investments',
  up: ({ finance }) => [
    `create table ${finance}.investments (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  account_id uuid not null,
  symbol text not null,
  name text not null,
  asset_class text not null,
  quantity numeric(28,10) not null,
  cost_basis numeric(19,4) not null,
  price numeric(28,10) not null,
  price_date date not null,
  currency char(3) not null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint investments_pkey primary key (user_id, id),
  constraint investments_account_id_fkey foreign key (user_id, account_id) references ${finance}.accounts (user_id, id),
  constraint investments_symbol_key unique (user_id, account_id, symbol),
  constraint investments_symbol_check check (symbol <> ''),
  constraint investments_asset_class_check check (asset_class in (
    'equity', 'etf', 'mutual_fund', 'fixed_income', 'cryptocurrency', 'commodity', 'real_estate', 'cash', 'derivative', 'other')),
  constraint investments_quantity_check check (quantity <> 'NaN'),
  constraint investments_cost_basis_check check (cost_basis >= 0 and cost_basis <> 'NaN'),
  constraint investments_price_check check (price >= 0 and price <> 'NaN'),
  constraint investments_price_date_check check (price_date between '0001-01-01' and '9999-12-31'),
  constraint investments_currency_check check (currency ~ '^[A-Z]{3}$')
)`,
    touchTrigger(finance, 'investments'),
    ...comments(`${finance}.investments`, 'Holdings: how much of what an account has, and what it is worth.', {
      quantity: 'Units held; negative when sold short.',
      cost_basis: 'What the whole holding cost, in currency.',
      price: 'Of one unit on price_date, in currency. Value is quantity times price.',
      currency: 'ISO 4217 code of cost_basis and price; may differ from the account.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.investments`],
}
