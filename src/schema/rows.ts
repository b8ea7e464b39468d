import type { Selectable } from 'kysely'
import type { Database } from './database.js'

/** What the repositories return: a row as the database has it. Money is a decimal string, a day is `'YYYY-MM-DD'`. */
type Row<Table extends keyof Database> = Selectable<Database[Table]>

/** A person, without the password hash: that never leaves the authentication code. */
export type User = Omit<Row<'finance.users'>, 'password_hash'>
export type Account = Row<'finance.accounts'>
export type Transaction = Row<'finance.transactions'>
/** Money moved between two accounts of one person. */
export type Transfer = Row<'finance.transfers'>
/** Money sent by one person, `user_id`, to another. */
export type P2pTransfer = Row<'finance.p2p_transfers'>
export type ComputedFeature = Row<'finance.computed_features'>
export type Recommendation = Row<'finance.recommendations'>
export type Consent = Row<'finance.consent_records'>
export type Insight = Row<'finance.insights'>
export type PersonaAssignment = Row<'finance.persona_assignments'>
export type TransferMatch = Row<'finance.transfer_matches'>
export type DecisionTrace = Row<'finance.decision_traces'>
export type ChatLog = Row<'finance.chat_logs'>
export type OperatorAction = Row<'finance.operator_actions'>
/** A query through the read-only door. `user_id` is null where it could see everybody's rows. */
export type AgentQuery = Omit<Row<'finance.agent_queries'>, 'user_id'> & { readonly user_id: string | null }
/** One entry of the audit log. */
export type AuditEntry = Omit<Row<'finance.audit_log'>, 'xid' | 'salt' | 'digest'> & {
  /** The person was erased, and the values with them. */
  readonly redacted: boolean
}
/** A payment card, without its token: only `cards.token` gives that. */
export type Card = Omit<Row<'finance.cards'>, 'token' | 'token_fingerprint'>
export type Investment = Row<'finance.investments'>
/** A text of a person, without its embedding: only `documents.embeddings` gives that. */
export type Document = Omit<Row<'finance.documents'>, 'embedding'>
