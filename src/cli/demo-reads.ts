import type { Kysely } from 'kysely'
import * as accounts from '../repositories/accounts.js'
import * as reports from '../repositories/reports.js'
import * as transactions from '../repositories/transactions.js'
import type { Database } from '../schema/database.js'
import type { User } from '../schema/rows.js'
import { shorten } from './format.js'
import {
  printAccounts,
  printBalanceHistory,
  printCashFlow,
  printCategories,
  printMerchants,
  printNetWorth,
  printTransactions,
} from './money-sections.js'
import type { Show } from './show.js'

/** The demo looks at no clock: it is the same every day. */
const year = { from: '2025-01-01', to: '2025-12-31' }

/** A year of someone's money, each part headed by the call that gave it. */
export async function tellReads(db: Kysely<Database>, show: Show, user: User) {
  const owned = show(
    `The accounts of ${user.first_name} ${user.last_name}`,
    "const user = await users.findByUsername(db, 'demo_user'); accounts.list(db, user.id)",
    (await accounts.list(db, user.id)).rows,
    printAccounts,
  )
  const net_worth = show(
    'Net worth, each currency by itself',
    'reports.netWorth(db, user.id)',
    await reports.netWorth(db, user.id),
    printNetWorth,
  )
  const cash_flow = show(
    'Cash flow by month, without moves between own accounts',
    "reports.cashFlowByMonth(db, user.id, year)   // year = { from: '2025-01-01', to: '2025-12-31' }",
    await reports.cashFlowByMonth(db, user.id, year),
    printCashFlow,
  )
  const spending = show(
    'Spending by category',
    'reports.spendingByCategory(db, user.id, year)',
    await reports.spendingByCategory(db, user.id, year),
    printCategories,
  )
  const top_merchants = show(
    'Where most of it went',
    'reports.topMerchants(db, user.id, year, { limit: 5 })',
    await reports.topMerchants(db, user.id, year, { limit: 5 }),
    printMerchants,
  )

  const [checking] = owned
  if (checking === undefined) throw new Error('the seed has opened no account')
  const balance_history = show(
    `${checking.name}, day by day`,
    'reports.balanceHistory(db, user.id, account.id, year)',
    await reports.balanceHistory(db, user.id, checking.id, year),
    (out, days) => printBalanceHistory(out, days, checking.currency),
  )
  const latest = show(
    'The latest transactions',
    'const page = await transactions.list(db, user.id, {}, { limit: 5 })',
    await transactions.list(db, user.id, {}, { limit: 5 }),
    (out, page) => {
      printTransactions(out, page.rows)
      out.line()
      out.line(`  page.next is ${shorten(`'${page.next}`, 48)}', an opaque cursor to what follows`)
    },
  )
  const following = show(
    'The page after it, found by key: page 100,000 costs the same',
    'transactions.list(db, user.id, {}, { limit: 5, after: page.next })',
    await transactions.list(db, user.id, {}, { limit: 5, after: latest.next ?? undefined }),
    (out, page) => printTransactions(out, page.rows),
  )
  return { accounts: owned, net_worth, cash_flow, spending, top_merchants, balance_history, latest, following }
}
