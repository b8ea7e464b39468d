import { type Kysely, sql } from 'kysely'

const ada = '00000000-0000-7000-8000-00000000000a'
const bob = '00000000-0000-7000-8000-00000000000b'
const [checking, savings, bobs] = [1, 2, 3].map((n) => `00000000-0000-7000-8000-0000000000c${n}`) as [
  string,
  string,
  string,
]

/** Rows as an application of that time would have written them, put in as soon as their tables are there. */
const rows: Readonly<Record<string, readonly string[]>> = {
  '0002_users': [
    `insert into finance.users (id, email, username, role) values
      ('${ada}', 'ada@example.org', 'ada', 'consumer'), ('${bob}', 'bob@example.org', null, 'operator')`,
  ],
  '0003_consent_records': [
    `insert into finance.consent_records (user_id, version, granted_at) values ('${ada}', '1.0', now())`,
  ],
  // Not before there are triggers that keep balances.
  '0007_balances': [
    `insert into finance.accounts (user_id, id, account_type, name, currency, opening_balance) values
      ('${ada}', '${checking}', 'checking', 'Everyday', 'EUR', 1000.1234), ('${ada}', '${savings}', 'savings', 'Trip', 'EUR', 0),
      ('${bob}', '${bobs}', 'checking', 'Everyday', 'EUR', 5)`,
    `insert into finance.transactions (user_id, account_id, date, merchant, amount, currency, status, posted_at) values
      ('${ada}', '${checking}', '2026-01-02', 'Shop', -10.50, 'EUR', 'posted', now()),
      ('${ada}', '${checking}', '2026-01-03', 'Hotel', -200, 'EUR', 'pending', null),
      ('${ada}', '${savings}', '2026-01-04', 'Interest', 0.0001, 'EUR', 'posted', now())`,
  ],
  '0009_cards': [
    `insert into finance.cards (user_id, account_id, brand, last4, exp_month, exp_year, token)
      values ('${ada}', '${checking}', 'visa', '1234', 12, 2030, 'v1.k.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA')`,
  ],
  '0010_investments': [
    `insert into finance.investments (user_id, account_id, symbol, name, asset_class, quantity, cost_basis, price, price_date, currency)
      select '${ada}', '${savings}', 'VWCE', 'World', 'etf', 1.5, 150, 101.5, '2026-01-05', 'EUR'`,
  ],
  '0011_computed_features': [
    `insert into finance.computed_features (user_id, time_window, signal_type, signal_value) values ('${ada}', '30d', 'mood', '{"calm": true}')`,
  ],
  '0013_insights': [
    `insert into finance.insights (user_id, title, message, type) select '${ada}', 'T', 'M', 'spending'`,
  ],
  '0014_recommendations': [
    `insert into finance.recommendations (user_id, id, type, title, rationale) values ('${ada}', '${checking}', 'education', 'Save', 'You can.')`,
  ],
  '0015_decision_traces': [
    `insert into finance.decision_traces (user_id, recommendation_id, trace_data) values ('${ada}', '${checking}', '{"rule": 1}')`,
  ],
  '0016_chat_logs': [
    `insert into finance.chat_logs (user_id, message, response) values ('${ada}', 'How much?', '1000.1234')`,
  ],
  '0017_operator_actions': [
    `insert into finance.operator_actions (user_id, operator_id, action_type, reason) values ('${ada}', '${bob}', 'flag', 'odd')`,
  ],
  '0018_auth_sessions': [
    `insert into finance.auth_sessions (user_id, id, refresh_token_hash, expires_at, revoked_at, replaced_by) values
      ('${ada}', '${checking}', 'one', now() + interval '1 day', now(), '${savings}'),
      ('${ada}', '${savings}', 'two', now() + interval '2 days', null, null)`,
  ],
}

/** What is to be written right after this migration. */
export const rowsAfter = (name: string): readonly string[] => rows[name] ?? []

/** Every migration after which something is written. */
export const seeded: readonly string[] = Object.keys(rows)

const tables = [
  'users',
  'consent_records',
  'accounts',
  'transactions',
  'cards',
  'investments',
  'computed_features',
  'insights',
  'recommendations',
  'decision_traces',
  'chat_logs',
  'operator_actions',
  'auth_sessions',
] as const

/** The rows of the tables that are there, in the columns `of` or in all: to compare before and after. */
export async function dataOf(
  db: Kysely<unknown>,
  of?: Readonly<Record<string, readonly string[]>>,
): Promise<{ columns: Record<string, string[]>; rows: Record<string, unknown[]> }> {
  const columns: Record<string, string[]> = {}
  const found: Record<string, unknown[]> = {}
  for (const table of tables) {
    if (of !== undefined && of[table] === undefined) continue
    const { rows: names } = await sql<{ name: string }>`select attname::text as name from pg_attribute
      where attrelid = to_regclass(${`finance.${table}`}) and attnum > 0 and not attisdropped and attname <> 'updated_at' order by attnum`.execute(
      db,
    )
    const list = of?.[table] ?? names.map(({ name }) => name)
    if (list.length === 0) continue
    columns[table] = [...list]
    const { rows: lines } = await sql<{ line: unknown }>`select to_jsonb(t) as line from
      (select ${sql.join(list.map((name) => sql.ref(name)))} from ${sql.table(`finance.${table}`)} order by 1, 2) t`.execute(
      db,
    )
    found[table] = lines.map(({ line }) => line)
  }
  return { columns, rows: found }
}
