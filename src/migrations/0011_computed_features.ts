import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

export const computedFeatures: SqlMigration = {
  name: '0011_computed_features',
  up: ({ finance }) => [
    `create table ${finance}.computed_features (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  time_window text not null,
  signal_type text not null,
  signal_value jsonb not null,
  computed_at timestamptz(3) not null default now(),
  created_at timestamptz(3) not null default now(),
  constraint computed_features_pkey primary key (user_id, id),
  constraint computed_features_user_id_fkey foreign key (user_id) references ${finance}.users (id) on delete cascade,
  -- a signal has one current value in a window; serves lookups by person and window
  constraint computed_features_signal_type_key unique (user_id, time_window, signal_type),
  constraint computed_features_time_window_check check (time_window in ('30d', '90d', '180d')),
  constraint computed_features_signal_type_check check (signal_type <> ''),
  constraint computed_features_signal_value_check check (jsonb_typeof(signal_value) = 'object')
)`,
    // everyone who has a signal
    `create index computed_features_signal_type_idx on ${finance}.computed_features (signal_type)`,
    ...comments(
      `${finance}.computed_features`,
      'Signals found in the money of a person, one row a signal and window.',
      {
        time_window: 'The days that were looked at: 30d, 90d or 180d back.',
        signal_type:
          'subscription, credit_utilization_<account id>, savings_behavior, income_stability, or one of the host.',
        signal_value:
          'What was found, an object by signal_type; amounts are decimal strings, to be cast to numeric. subscription: subscriptions, monthly_spend, monthly_bills, share_of_spending, recurring_merchants [{merchant, kind subscription|bill, cadence, amount, monthly_amount, last_date, next_date, active}]. credit_utilization_…: account_id, owed, credit_limit, utilization (0.5 is half), interest_charged, overdue. savings_behavior: net_inflow, monthly_net_inflow, growth_rate, balance, emergency_fund_months. income_stability: payments, total, median_gap_days, variability, cash_flow_buffer_months. All: as_of, currency.',
      },
    ),
  ],
  down: ({ finance }) => [`drop table ${finance}.computed_features`],
}
