/**
 * What a broken rule means, by its name in the database. A test compares this table with `pg_constraint`, with the unique
 * indexes and with the triggers of a migrated database. Primary keys share one sentence.
 */
export const constraintSentences: Readonly<Record<string, string>> = {
  users_email_key: 'Another user has this email.',
  users_email_check: 'The email must have the form name@host and at most 320 characters.',
  users_username_key: 'Another user has this username.',
  users_username_check: 'The username must have 1 to 100 characters.',
  users_external_auth_id_key: 'Another user has this external_auth_id.',
  users_role_check: 'The role must be consumer, operator or admin.',

  consent_records_user_id_fkey: 'The user does not exist.',
  consent_records_user_id_key: 'The user already has a standing consent: grant replaces it.',
  consent_records_revoked_at_check: 'Consent cannot be revoked before it was granted.',

  accounts_user_id_fkey: 'The user does not exist.',
  accounts_currency_key: 'The user already has an account with this id.',
  accounts_external_id_key: 'The user already has an account with this external_id.',
  accounts_account_type_check: 'The account_type is not one of those the schema knows.',
  accounts_name_check: 'The account needs a name.',
  accounts_account_number_last4_check: 'account_number_last4 holds at most four letters or digits.',
  accounts_currency_check: 'The currency must be an ISO 4217 code such as USD.',
  accounts_opening_balance_check: 'The opening balance must be a number.',
  accounts_balance_check: 'The balance must be a number.',
  accounts_credit_limit_check: 'The credit limit must not be negative.',
  accounts_status_check: 'The status must be active, frozen or closed.',
  accounts_balance_derived:
    'The balance follows from the transactions: post or reverse one, or change the opening balance.',

  transfers_from_account_id_fkey: 'The account to take from does not exist for this user, or has another currency.',
  transfers_to_account_id_fkey: 'The account to give to does not exist for this user, or has another currency.',
  transfers_idempotency_key_key: 'The idempotency key was used for another transfer.',
  transfers_to_account_id_check: 'A transfer needs two different accounts.',
  transfers_from_amount_check: 'The amount to take must be above zero.',
  transfers_to_amount_check: 'The amount to give must be above zero.',
  transfers_rate_check:
    'Within one currency both amounts are equal and there is no rate; across two, a rate and its source.',
  transfers_status_check: 'The status must be pending, completed, failed or cancelled.',

  transactions_account_id_fkey: 'The account does not exist for this user, or has another currency.',
  transactions_transfer_id_fkey: 'The transfer does not exist for this user.',
  transactions_reverses_id_fkey: 'The transaction to reverse does not exist for this user.',
  transactions_date_check: 'The date must lie between the years 1 and 9999.',
  transactions_posted_at_check: 'posted_at is set exactly when the status is posted.',
  transactions_amount_check: 'The amount must be a number.',
  transactions_category_check: 'The category must not be empty.',
  transactions_status_check: 'The status must be pending or posted.',
  transactions_external_id_check: 'The external_id must not be empty.',
  transactions_external_id_key: 'The account already has a transaction with this external_id.',
  transactions_idempotency_key_key: 'The idempotency key was used for another transaction.',
  transactions_reverses_id_key: 'The transaction has been reversed already.',
  transactions_reverses_id_check: 'A transaction cannot reverse itself.',
  transactions_posted_immutable: 'A posted transaction is not changed: reverse it by a new one.',
  transactions_posted_kept: 'A posted transaction is not deleted: reverse it by a new one.',
  transactions_not_truncated: 'Transactions are not truncated: balances depend on them.',

  p2p_transfers_from_account_id_fkey: 'The account to take from does not exist for this user, or has another currency.',
  p2p_transfers_recipient_id_fkey: 'The recipient does not exist.',
  p2p_transfers_idempotency_key_key: 'The idempotency key was used for another transfer.',
  p2p_transfers_recipient_id_check: 'Nobody can send money to themselves.',
  p2p_transfers_amount_check: 'The amount must be above zero.',
  p2p_transfers_status_check: 'The status must be pending, accepted, declined, cancelled or failed.',

  cards_account_id_fkey: 'The account does not exist for this user.',
  cards_last4_check: 'last4 must be four digits.',
  cards_exp_month_check: 'exp_month must be 1 to 12.',
  cards_exp_year_check: 'exp_year must have four digits.',
  cards_token_check: 'The token must be encrypted.',
  cards_token_fingerprint_key: 'The user already has a card with this token.',
  cards_token_fingerprint_check: 'The token fingerprint must be a keyed hash.',
  cards_status_check: 'The status must be active, frozen, expired or cancelled.',
  cards_cancelled_final: 'A cancelled card stays cancelled.',

  investments_account_id_fkey: 'The account does not exist for this user.',
  investments_symbol_key: 'The account already has a holding of this symbol.',
  investments_symbol_check: 'The symbol must not be empty.',
  investments_asset_class_check: 'The asset_class is not one of those the schema knows.',
  investments_quantity_check: 'The quantity must be a number.',
  investments_cost_basis_check: 'The cost basis must not be negative.',
  investments_price_check: 'The price must not be negative.',
  investments_price_date_check: 'The price_date must lie between the years 1 and 9999.',
  investments_currency_check: 'The currency must be an ISO 4217 code such as USD.',

  computed_features_user_id_fkey: 'The user does not exist.',
  computed_features_signal_type_key: 'The user already has this signal in this window: put it instead.',
  computed_features_time_window_check: 'The time_window must be 30d, 90d or 180d.',
  computed_features_signal_type_check: 'The signal_type must not be empty.',
  computed_features_signal_value_check: 'The signal_value must be a JSON object.',

  persona_assignments_user_id_fkey: 'The user does not exist.',
  persona_assignments_time_window_check: 'The time_window must be 30d, 90d or 180d.',
  persona_assignments_persona_check: 'The persona is not one of those the schema knows.',

  insights_user_id_fkey: 'The user does not exist.',
  insights_title_check: 'The title must not be empty.',
  insights_type_check: 'The type must not be empty.',

  recommendations_user_id_fkey: 'The user does not exist.',
  recommendations_type_check: 'The type must be education or offer.',
  recommendations_title_check: 'The title must not be empty.',
  recommendations_rationale_check: 'The rationale must not be empty.',
  recommendations_clicked_check: 'Only a recommendation that was shown can have been clicked.',

  decision_traces_recommendation_id_fkey: 'The recommendation does not exist for this user.',
  decision_traces_recommendation_id_key: 'The recommendation already has a decision trace.',
  decision_traces_trace_data_check: 'The trace_data must be a JSON object.',

  chat_logs_user_id_fkey: 'The user does not exist.',

  operator_actions_user_id_fkey: 'The user does not exist.',
  operator_actions_operator_id_fkey: 'The operator does not exist.',
  operator_actions_operator_id_check: 'Operators do not act on themselves.',
  operator_actions_action_type_check: 'The action_type must be override or flag.',
  operator_actions_reason_check: 'The action needs a reason.',

  auth_sessions_user_id_fkey: 'The user does not exist.',
  auth_sessions_replaced_by_fkey: 'The session that follows does not exist for this user.',
  auth_sessions_refresh_token_hash_key: 'The token has a session already.',
  auth_sessions_refresh_token_hash_check: 'The token hash must not be empty.',

  audit_log_operation_check: 'The operation must be insert, update or delete.',
  audit_log_changes_check: 'The changes must be a JSON object.',
  audit_log_append_only: 'The audit log only grows.',

  documents_user_id_fkey: 'The user does not exist.',
  documents_content_check: 'The content must not be empty.',
  documents_metadata_check: 'The metadata must be a JSON object.',
}
