import type { UserReport } from '../../src/cli/report/user-data.js'

/** What a bank may put into a name. */
export const hostile = `</script><img src="https://example.com/x" onerror="globalThis.pwned=1">'"&<!--`

/** A small report, in which every name from outside is {@link hostile}. */
export function sampleReport(overrides: Partial<UserReport> = {}): UserReport {
  const user_id = '018f0000-0000-7000-8000-000000000001'
  const at = new Date('2026-02-28T12:00:00Z')
  return {
    user: { id: user_id, name: hostile },
    range: { from: '2026-01-01', to: '2026-02-28' },
    cashFlow: [
      {
        month: '2026-01',
        currency: 'USD',
        income: '90071992547409.9300',
        spending: '1234.5000',
        net: '90071992546175.4300',
      },
      { month: '2026-01', currency: 'EUR', income: '0.0000', spending: '10.0000', net: '-10.0000' },
      { month: '2026-02', currency: 'USD', income: '100.0000', spending: '250.0000', net: '-150.0000' },
      { month: '2026-02', currency: 'EUR', income: '0.0000', spending: '0.0000', net: '0.0000' },
    ],
    categories: [{ category: hostile, currency: 'USD', spent: '1484.5000', transactions: 7 }],
    accounts: [
      {
        id: '018f0000-0000-7000-8000-000000000002',
        name: hostile,
        account_type: 'checking',
        currency: 'USD',
        status: 'active',
        days: ['2026-01-01', '2026-01-31', '2026-02-28'].map((day, i) => ({ day, balance: `${100 * (i + 1)}.2500` })),
      },
    ],
    netWorth: [{ currency: 'USD', assets: '300.2500', debts: '0.0000', net: '300.2500' }],
    subscriptions: [
      {
        kind: 'subscription',
        merchant: hostile,
        merchant_key: 'x',
        currency: 'USD',
        cadence: 'monthly',
        active: true,
        amount: '17.9900',
        fixed_amount: true,
        monthly_amount: '17.9900',
        occurrences: 6,
        skipped: 0,
        first_date: '2025-09-04',
        last_date: '2026-02-04',
        next_date: '2026-03-04',
        confidence: 0.9,
        price_changes: [{ date: '2026-01-04', from: '15.4900', to: '17.9900' }],
        reasons: [`Charged 6 times ${hostile}`],
        evidence: [],
      },
    ],
    personas: [
      {
        user_id,
        id: '018f0000-0000-7000-8000-000000000003',
        time_window: '30d',
        persona: 'high_utilization',
        assigned_at: at,
        created_at: at,
        reasons: {
          as_of: '2026-02-28',
          rules: [
            {
              rule: hostile,
              persona: 'high_utilization',
              matched: true,
              conditions: [
                {
                  signal: 'credit_utilization',
                  field: 'utilization',
                  operator: '>=',
                  value: 0.5,
                  actual: 0.62,
                  matched: true,
                },
              ],
            },
          ],
        },
      },
    ],
    signals: [
      {
        user_id,
        id: '018f0000-0000-7000-8000-000000000004',
        time_window: '30d',
        signal_type: hostile,
        signal_value: { as_of: hostile },
        computed_at: at,
        created_at: at,
      },
    ],
    ...overrides,
  }
}
