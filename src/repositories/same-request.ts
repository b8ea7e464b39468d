import type { Transaction } from '../schema/rows.js'
import type { NewTransaction } from '../schema/transactions.js'

/**
 * Whether a transaction came of this input, which has its idempotency key. What may change afterwards is compared as long
 * as nothing did: the texts of every row, and the day and amount of a pending one, which are others once it is settled.
 */
export function isSameRequest(original: Transaction, input: NewTransaction): boolean {
  const { status = 'posted', category = 'uncategorized', description = '', source = 'manual' } = input
  const changed = wasChanged(original)
  // With the person, whose pending rows lose the id of the bank.
  const erased = original.status === 'released' && original.external_id === null && changed
  const postedLater = !sameInstant(original.created_at, original.recorded_at)
  const maybeSettled =
    status === 'pending' && { pending: changed, posted: postedLater, released: true }[original.status]

  const sameOrigin =
    sameId(original.account_id, input.account_id) &&
    sameId(original.id, input.id ?? original.id) &&
    sameId(original.pending_id, input.pending_id) &&
    original.reverses_id === null &&
    original.currency === (input.currency ?? original.currency) &&
    (original.external_id === (input.external_id ?? null) || erased) &&
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

/** Whether a row was updated since the transaction that wrote it. */
export function wasChanged({ created_at, updated_at }: { created_at: Date; updated_at: Date }): boolean {
  return !sameInstant(created_at, updated_at)
}

function sameInstant(a: Date, b: Date): boolean {
  return new Date(a).getTime() === new Date(b).getTime()
}

export function sameId(a: string | null, b: string | null | undefined): boolean {
  return (a ?? '') === (b ?? '').toLowerCase()
}

/** `'5'`, `'5.00'` and `'5.0000'` are one number; so are `'0'` and `'-0'`. */
export function sameAmount(a: string, b: string): boolean {
  return shortest(a) === shortest(b)
}

export function sameRate(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && sameAmount(a, b))
}

function shortest(decimal: string): string {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(decimal) ?? []
  return whole === '' && fraction === '' ? '0' : `${sign}${whole}.${fraction}`
}
