import { functions } from './0001_functions.js'
import { users } from './0002_users.js'
import { consentRecords } from './0003_consent_records.js'
import { accounts } from './0004_accounts.js'
import { transfers } from './0005_transfers.js'
import { transactions } from './0006_transactions.js'
import { balances } from './0007_balances.js'
import { p2pTransfers } from './0008_p2p_transfers.js'
import { cards } from './0009_cards.js'
import { investments } from './0010_investments.js'
import { computedFeatures } from './0011_computed_features.js'
import { personaAssignments } from './0012_persona_assignments.js'
import { insights } from './0013_insights.js'
import { recommendations } from './0014_recommendations.js'
import { decisionTraces } from './0015_decision_traces.js'
import { chatLogs } from './0016_chat_logs.js'
import { operatorActions } from './0017_operator_actions.js'
import { authSessions } from './0018_auth_sessions.js'
import { auditLog } from './0019_audit_log.js'
import { documents } from './0020_documents.js'
import { cardTokens } from './0021_card_tokens.js'
import { investmentPrices } from './0022_investment_prices.js'
import { authSessionChains } from './0023_auth_session_chains.js'
import { authAttempts } from './0024_auth_attempts.js'
import { oneStandingConsent } from './0030_one_standing_consent.js'
import { coachingIndexes } from './0031_coaching_indexes.js'
import { operatorsActOnOthers } from './0032_operators_act_on_others.js'
import { rounding } from './0033_rounding.js'
import { movements } from './0034_movements.js'
import { ownTransfers } from './0035_own_transfers.js'
import { p2p } from './0036_p2p.js'
import { manyTransfers } from './0037_many_transfers.js'
import { auditSeals } from './0040_audit_seals.js'
import { auditCode } from './0041_audit_code.js'
import { auditTriggers } from './0042_audit_triggers.js'
import { auditProblems } from './0043_audit_problems.js'
import { erasure } from './0044_erasure.js'
import { documentSearch } from './0045_document_search.js'
import { transferMatches } from './0050_transfer_matches.js'
import { personaReasons } from './0051_persona_reasons.js'
import { signalStates } from './0052_signal_states.js'
import { catalogueKeys } from './0055_catalogue_keys.js'
import { scopes } from './0056_scopes.js'
import { roleGrants } from './0057_role_grants.js'
import { agentQueries } from './0061_agent_queries.js'
import { retention } from './0068_retention.js'
import type { SqlMigration } from './shape.js'

/** Every step of the schema, in order. Imported one by one, so that the list survives bundling. */
export const migrations: readonly SqlMigration[] = [
  functions,
  users,
  consentRecords,
  accounts,
  transfers,
  transactions,
  balances,
  p2pTransfers,
  cards,
  investments,
  computedFeatures,
  personaAssignments,
  insights,
  recommendations,
  decisionTraces,
  chatLogs,
  operatorActions,
  authSessions,
  auditLog,
  documents,
  cardTokens,
  investmentPrices,
  authSessionChains,
  authAttempts,
  oneStandingConsent,
  coachingIndexes,
  operatorsActOnOthers,
  rounding,
  movements,
  ownTransfers,
  p2p,
  manyTransfers,
  auditSeals,
  auditCode,
  auditTriggers,
  auditProblems,
  erasure,
  documentSearch,
  transferMatches,
  personaReasons,
  signalStates,
  catalogueKeys,
  scopes,
  roleGrants,
  agentQueries,
  retention,
]
