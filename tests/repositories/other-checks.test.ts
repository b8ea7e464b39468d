import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { createAccount, createTransaction, createUser } from '../people.js'
import { test } from '../support.js'
import { checksOf, insertRaw } from './check-constraints.js'

type Row = Readonly<Record<string, string | null>>

interface Table {
  /** A row that breaks nothing but references, which are looked at last. */
  readonly right: Row
  /** What breaks each check, and no other that Postgres looks at before it. */
  readonly broken: Readonly<Record<string, readonly Row[]>>
}

const [some, other] = ['01890000-0000-7000-8000-00000000000a', '01890000-0000-7000-8000-00000000000b']
const noWindow = [{ time_window: '31d' }, { time_window: '' }]
const noObject = ['[]', '"x"', '1', 'null']

/** The checks of the tables that hold no money; checks.test.ts has those that do. */
const tables: Readonly<Record<string, Table>> = {
  users: {
    right: { email: 'ada@example.org' },
    broken: {
      users_email_check: ['', 'ada', '@', 'a b@example.org', `${'x'.repeat(310)}@example.org`].map((email) => ({
        email,
      })),
      users_username_check: [{ username: '' }, { username: 'x'.repeat(101) }],
      users_role_check: [{ role: 'root' }],
      users_erased_at_check: [{ erased_at: 'now' }],
    },
  },
  consent_records: {
    right: {},
    broken: { consent_records_revoked_at_check: [{ granted_at: '2026-03-02', revoked_at: '2026-03-01' }] },
  },
  investments: {
    right: {
      account_id: some,
      symbol: 'VTI',
      name: 'A fund',
      asset_class: 'etf',
      quantity: '1',
      cost_basis: '1',
      price: '1',
      price_date: '2026-03-01',
      currency: 'USD',
    },
    broken: {
      investments_symbol_check: [{ symbol: '' }],
      investments_asset_class_check: [{ asset_class: 'stamps' }],
      investments_quantity_check: [{ quantity: 'NaN' }],
      investments_cost_basis_check: [{ cost_basis: '-0.0001' }, { cost_basis: 'NaN' }],
      investments_price_check: [{ price: '-0.0000000001' }, { price: 'NaN' }],
      investments_price_date_check: ['infinity', '-infinity', '0001-12-31 BC', '10000-01-01'].map((price_date) => ({
        price_date,
      })),
      investments_currency_check: [{ currency: 'usd' }, { currency: 'US' }],
    },
  },
  computed_features: {
    right: { time_window: '30d', signal_type: 'x', signal_value: '{}' },
    broken: {
      computed_features_time_window_check: noWindow,
      computed_features_signal_type_check: [{ signal_type: '' }],
      computed_features_signal_value_check: noObject.map((signal_value) => ({ signal_value })),
    },
  },
  signal_states: {
    right: { time_window: '30d', as_of: '2026-03-01', inputs: 'x' },
    broken: { signal_states_time_window_check: noWindow },
  },
  persona_assignments: {
    right: { time_window: '30d', persona: 'savings_builder' },
    broken: {
      persona_assignments_time_window_check: noWindow,
      persona_assignments_persona_check: [{ persona: 'pirate' }],
      persona_assignments_reasons_check: noObject.map((reasons) => ({ reasons })),
    },
  },
  transfer_matches: {
    right: { from_transaction_id: some, to_transaction_id: other, status: 'suggested', score: '0.5', reasons: '{}' },
    broken: {
      transfer_matches_to_transaction_id_check: [{ to_transaction_id: some }],
      transfer_matches_status_check: [{ status: 'perhaps', decided_at: 'now' }],
      transfer_matches_score_check: [{ score: '-0.0001' }, { score: '1.0001' }, { score: 'NaN' }],
      transfer_matches_reasons_check: noObject.map((reasons) => ({ reasons })),
      transfer_matches_decided_at_check: [
        { decided_at: 'now' },
        { status: 'automatic', decided_at: 'now' },
        { status: 'confirmed' },
        { status: 'rejected' },
      ],
    },
  },
  insights: {
    right: { title: 'x', message: 'x', type: 'x' },
    broken: { insights_title_check: [{ title: '' }], insights_type_check: [{ type: '' }] },
  },
  recommendations: {
    right: { type: 'offer', title: 'x', rationale: 'x' },
    broken: {
      recommendations_type_check: [{ type: 'advert' }],
      recommendations_title_check: [{ title: '' }],
      recommendations_rationale_check: [{ rationale: '' }],
      recommendations_clicked_check: [{ clicked: 'true' }],
      recommendations_catalogue_key_check: [{ catalogue_key: '' }],
    },
  },
  decision_traces: {
    right: { recommendation_id: some, trace_data: '{}' },
    broken: { decision_traces_trace_data_check: noObject.map((trace_data) => ({ trace_data })) },
  },
  operator_actions: {
    right: { operator_id: some, action_type: 'flag', reason: 'x' },
    broken: {
      operator_actions_action_type_check: [{ action_type: 'applaud' }],
      operator_actions_reason_check: [{ reason: '' }],
      operator_actions_operator_id_check: [{ operator_id: 'the person' }],
    },
  },
  auth_sessions: {
    right: { family_id: some, refresh_token_hash: 'x', started_at: 'now', expires_at: 'now', ends_at: 'now' },
    broken: {
      auth_sessions_refresh_token_hash_check: [{ refresh_token_hash: '' }],
      auth_sessions_ends_at_check: [{ expires_at: 'tomorrow' }],
      auth_sessions_client_check: [{ client: '' }, { client: 'x'.repeat(501) }],
    },
  },
  auth_attempts: {
    right: { key_hash: '0'.repeat(64), failures: '1' },
    broken: {
      auth_attempts_key_hash_check: [{ key_hash: '0'.repeat(63) }, { key_hash: 'A'.repeat(64) }],
      auth_attempts_failures_check: [{ failures: '-0.1' }, { failures: 'Infinity' }, { failures: 'NaN' }],
    },
  },
  agent_queries: {
    right: { sql: 'x', outcome: 'answered', rows: '0', bytes: '0', duration_below_ms: '1' },
    broken: {
      agent_queries_outcome_check: [{ outcome: 'lost' }],
      agent_queries_rows_check: [{ rows: '-1' }, { bytes: '-1' }, { duration_below_ms: '0' }],
    },
  },
}

const unowned = ['users', 'auth_attempts']

describe('whoever writes, the database refuses what breaks', () => {
  test.for(
    Object.entries(tables).flatMap(([table, { broken }]) =>
      Object.entries(broken).flatMap(([check, rows]) => rows.map((row) => ({ table, check, row }))),
    ),
  )('$check: $row', async ({ table, check, row }, { db }) => {
    const { id } = await createUser(db)
    const owner = unowned.includes(table) ? {} : { user_id: id }
    const values = {
      ...tables[table]?.right,
      ...row,
      ...owner,
      ...(row.operator_id !== undefined && { operator_id: id }),
    }

    await expect(insertRaw(db, table, values)).rejects.toMatchObject({ constraint: check })
  })

  test('every check of these tables', async ({ db }) => {
    expect(await checksOf(db, Object.keys(tables))).toEqual(
      Object.values(tables)
        .flatMap(({ broken }) => Object.keys(broken))
        .sort(),
    )
  })

  test('a movement that is a side of two transfers, and a pair that is judged twice', async ({ db }) => {
    const account = await createAccount(db)
    const made = await Promise.all([1, 2, 3, 4].map(() => createTransaction(db, account)))
    const [a, b, c, d] = made.map(({ id }) => id)
    const match = (from: string | undefined, to: string | undefined, status = 'suggested') =>
      sql`insert into finance.transfer_matches (user_id, from_transaction_id, to_transaction_id, status, score, reasons, decided_at)
        values (${account.user_id}, ${from}, ${to}, ${status}, 1, '{}', ${status === 'rejected' ? sql`now()` : null})`.execute(
        db,
      )
    await match(a, b)
    await match(c, d, 'rejected')

    await expect(match(a, d)).rejects.toMatchObject({ constraint: 'transfer_matches_from_key' })
    await expect(match(c, b)).rejects.toMatchObject({ constraint: 'transfer_matches_to_key' })
    await expect(match(c, d)).rejects.toMatchObject({ constraint: 'transfer_matches_from_transaction_id_key' })
    await match(a, d, 'rejected')
    await match(c, b, 'rejected')
  })
})
