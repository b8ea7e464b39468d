import type { Transaction } from '../schema/rows.js'
import type { NewTransaction } from '../schema/transactions.js'

/**
 * Whether a transaction came of this input, which has its idempotency key. What may change afterwards is compared as long
 * as nothing did: the texts of every row, and the day and amount of a pending one, which are others once it is settled.
 */
export function isSameRequest(original: Transaction, input: NewTransaction): boolean {
  const { status = 'posted', category = 'uncategorized', description = '', source = 'manual' } = input
  const changed = new Date(original.updated_at).getTime() !== new Date(original.created_at).getTime()
  const maybeSettled = changed && status === 'pending'

  const sameOrigin =
    sameId(original.account_id, input.account_id) &&
    sameId(original.id, input.id ?? original.id) &&
    sameId(original.pending_id, input.pending_id) &&
    original.currency === (input.currency ?? original.currency) &&
    original.external_id === (input.external_id ?? null) &&
    original.source === source
  const sameMovement =
    original.status === status && original.date === input.date && sameAmount(original.amount, input.amount)
  const sameTexts =
    original.merchant === input.merchant &&
    original.category === category &&
    original.description === description &&
    original.is_subscription === (input.is_subscription ?? false)

  return sameOrigin && (sameMovement || maybeSettled) && (sameTexts || changed)
}

function sameId(a: string | null, b: string | null | undefined): boolean {
  return (a ?? '') === (b ?? '').toLowerCase()
}

/** `'5'`, `'5.00'` and `'5.0000'` are one amount; so are `'0'` and `'-0'`. */
function sameAmount(a: string, b: string): boolean {
  return units(a) === units(b)
}

function units(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.split('.')
  return BigInt(whole + fraction.padEnd(4, '0'))
}
