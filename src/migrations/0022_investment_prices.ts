import type { SqlMigration } from './shape.js'

export const investmentPrices: SqlMigration = {
  name: '0022_investment_prices',
  up: ({ finance }) => [
    // a price concerns the holdings of everybody
    `create index investments_symbol_idx on ${finance}.investments (symbol, currency)`,
  ],
  down: ({ finance }) => [`drop index ${finance}.investments_symbol_idx`],
}
