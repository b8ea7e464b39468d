import type { TableInfo } from './catalogue.js'

/** What questions about money are most often about, first. */
const useful = [
  'transactions',
  'accounts',
  'transfers',
  'investments',
  'cards',
  'p2p_transfers',
  'computed_features',
  'persona_assignments',
  'insights',
  'recommendations',
  'users',
  'transfer_matches',
  'chat_logs',
  'documents',
  'consent_records',
  'decision_traces',
  'operator_actions',
]

/** The most useful first: tables of money, then those of a host, then our bookkeeping; each without rows after all others. */
export function byUse<Table extends TableInfo & { readonly rows?: string | undefined }>(
  tables: readonly Table[],
): Table[] {
  const place = ({ name, rows }: Table) => {
    const known = useful.indexOf(name)
    const rank = known >= 0 ? known : bookkeeping.includes(name) ? useful.length + 1 : 10.5
    return rank + (rows === 'none' ? 100 : 0)
  }
  return [...tables].sort((a, b) => place(a) - place(b) || (a.name < b.name ? -1 : 1))
}

const bookkeeping = ['signal_states', 'audit_log', 'audit_seals', 'migrations', 'auth_sessions', 'auth_attempts']
