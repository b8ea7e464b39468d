/** The words that the schema's check constraints allow, in the order people would list them. A test compares them with the database. */

export const roles = ['consumer', 'operator', 'admin'] as const
export const databaseRoleKinds = ['app', 'member', 'agent', 'analyst'] as const
export const accountTypes = [
  'checking',
  'savings',
  'high_yield_savings',
  'money_market',
  'credit_card',
  'loan',
  'investment',
] as const
export const accountStatuses = ['active', 'frozen', 'closed'] as const
export const transactionStatuses = ['pending', 'posted', 'released'] as const
export const directions = ['debit', 'credit'] as const
export const timeWindows = ['30d', '90d', '180d'] as const
export const recommendationTypes = ['education', 'offer'] as const
export const transferStatuses = ['pending', 'completed', 'failed', 'cancelled'] as const
export const p2pTransferStatuses = ['pending', 'accepted', 'declined', 'cancelled', 'failed'] as const
export const transferMatchStatuses = ['suggested', 'automatic', 'confirmed', 'rejected'] as const
export const cardStatuses = ['active', 'frozen', 'expired', 'cancelled'] as const
export const assetClasses = [
  'equity',
  'etf',
  'mutual_fund',
  'fixed_income',
  'cryptocurrency',
  'commodity',
  'real_estate',
  'cash',
  'derivative',
  'other',
] as const
export const personas = [
  'high_utilization',
  'variable_income_budgeter',
  'subscription_heavy',
  'savings_builder',
  'general_wellness',
] as const
export const operatorActionTypes = ['override', 'flag'] as const
export const agentQueryOutcomes = ['answered', 'cut', 'refused', 'limited', 'failed', 'aborted'] as const
export const auditOperations = ['insert', 'update', 'delete', 'snapshot', 'erase'] as const

export type Role = (typeof roles)[number]
export type AccountType = (typeof accountTypes)[number]
export type AccountStatus = (typeof accountStatuses)[number]
export type TransactionStatus = (typeof transactionStatuses)[number]
export type Direction = (typeof directions)[number]
export type TimeWindow = (typeof timeWindows)[number]
export type RecommendationType = (typeof recommendationTypes)[number]
export type TransferStatus = (typeof transferStatuses)[number]
export type P2pTransferStatus = (typeof p2pTransferStatuses)[number]
export type TransferMatchStatus = (typeof transferMatchStatuses)[number]
export type CardStatus = (typeof cardStatuses)[number]
export type AssetClass = (typeof assetClasses)[number]
export type Persona = (typeof personas)[number]
export type OperatorActionType = (typeof operatorActionTypes)[number]
export type AgentQueryOutcome = (typeof agentQueryOutcomes)[number]
export type AuditOperation = (typeof auditOperations)[number]
