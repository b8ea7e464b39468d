import * as accounts from '../../repositories/accounts.js'
import * as computedFeatures from '../../repositories/computed-features.js'
import * as personaAssignments from '../../repositories/persona-assignments.js'
import * as reports from '../../repositories/reports.js'
import type { Trx } from '../../schema/database.js'
import type { Account, ComputedFeature, PersonaAssignment, User } from '../../schema/rows.js'
import * as subscriptions from '../../signals/subscriptions.js'

export interface AccountCourse extends Pick<Account, 'id' | 'name' | 'account_type' | 'currency' | 'status'> {
  /** One for every day of the range. */
  readonly days: readonly reports.DayBalance[]
}

/** All that the page of one person shows. */
export interface UserReport {
  readonly user: { readonly id: string; readonly name: string }
  readonly range: reports.DayRange
  readonly cashFlow: readonly reports.MonthlyCashFlow[]
  readonly categories: readonly reports.CategorySpending[]
  readonly accounts: readonly AccountCourse[]
  /** Today, whatever the range. */
  readonly netWorth: readonly reports.NetWorth[]
  readonly subscriptions: readonly subscriptions.Subscription[]
  /** In force now, one a window. */
  readonly personas: readonly PersonaAssignment[]
  /** As computed last. */
  readonly signals: readonly ComputedFeature[]
}

/** Reads, one query after the other on the connection of the transaction. */
export async function gatherUser(trx: Trx, user: User, range: reports.DayRange): Promise<UserReport> {
  const courses: AccountCourse[] = []
  for (const account of await allAccounts(trx, user.id)) {
    const { id, name, account_type, currency, status } = account
    const days = await reports.balanceHistory(trx, user.id, id, range)
    courses.push({ id, name, account_type, currency, status, days })
  }
  return {
    user: { id: user.id, name: nameOf(user) },
    range,
    cashFlow: await reports.cashFlowByMonth(trx, user.id, range),
    categories: await reports.spendingByCategory(trx, user.id, range),
    accounts: courses,
    netWorth: await reports.netWorth(trx, user.id),
    subscriptions: await subscriptions.detect(trx, user.id, { as_of: range.to }),
    personas: await personaAssignments.currentOfEachWindow(trx, user.id),
    signals: (await computedFeatures.list(trx, user.id, {}, { limit: 1000 })).rows,
  }
}

async function allAccounts(trx: Trx, userId: string): Promise<Account[]> {
  const all: Account[] = []
  let after: string | undefined
  do {
    const page = await accounts.list(trx, userId, {}, { limit: 1000, ...(after !== undefined && { after }) })
    all.push(...page.rows)
    after = page.next ?? undefined
  } while (after !== undefined)
  return all
}

function nameOf({ first_name, last_name, username, email }: User): string {
  const full = [first_name, last_name].filter((part) => part !== null).join(' ')
  return full === '' ? (username ?? email) : full
}
