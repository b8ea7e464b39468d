import type { NewAccount } from '../schema/accounts.js'
import type { NewTransaction } from '../schema/transactions.js'
import { monthDay } from './calendar.js'
import { createCardPayments } from './credit-card.js'
import { createHoliday, createPurchases } from './everyday.js'
import { createLedger } from './ledger.js'
import type { Person } from './people.js'
import type { Prng } from './prng.js'
import type { Profile } from './profiles.js'
import { createRecurring, type Span } from './recurring.js'

/** What one person has and did. */
export interface Household {
  readonly accounts: readonly NewAccount[]
  readonly transactions: readonly NewTransaction[]
}

/** Lives through the span, day by day. Each part draws from a stream of its own. */
export function createHousehold(person: Person, profile: Profile, prng: Prng, span: Span): Household {
  const ledger = createLedger(prng.fork('ledger'), person.user.id, span.first, span.last - 1)
  const last4 = prng.fork('accounts')
  const account_number_last4 = () => String(last4.int(0, 9999)).padStart(4, '0')

  const checking = ledger.open(
    {
      account_type: 'checking',
      name: 'Everyday Checking',
      institution: 'Harbor Bank',
      currency: 'USD',
      account_number_last4: account_number_last4(),
    },
    profile.checking.opening,
  )
  const savings = ledger.open(
    {
      account_type: 'savings',
      name: 'Rainy Day Savings',
      institution: 'Harbor Bank',
      currency: 'USD',
      account_number_last4: account_number_last4(),
    },
    profile.savings.opening,
  )
  const card = ledger.open(
    {
      account_type: 'credit_card',
      name: 'Summit Card',
      institution: 'Summit Credit',
      currency: 'USD',
      account_number_last4: account_number_last4(),
      credit_limit: `${profile.card.limit / 100}`,
    },
    -profile.card.owed,
  )
  const parts = [
    createRecurring(ledger, { checking, savings, card }, profile, person, prng.fork('recurring'), span),
    createCardPayments(ledger, checking, card, profile.card),
    createPurchases(ledger, checking, card, profile, prng.fork('purchases')),
  ]
  if (profile.travel !== undefined) {
    const travel = ledger.open(
      { account_type: 'savings', name: 'Travel Euros', institution: 'Banca Lidia', currency: 'EUR' },
      profile.travel.opening,
    )
    parts.push(createHoliday(ledger, travel, prng.fork('holiday')))
  }

  for (let day = span.first; day <= span.last; day++) {
    const at = monthDay(day)
    for (const part of parts) part(day, at)
  }
  return ledger
}
