import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../schema/database.js'

/** A statement about the whole database that has to be true. */
export interface Invariant {
  readonly name: string
  /** Rows that break it. */
  readonly broken: number
  /** Up to three of them, by id. */
  readonly examples: readonly string[]
}

const problems = sql.table('finance.audit_problems')
const users = sql.table('finance.users')
const accounts = sql.table('finance.accounts')
const transactions = sql.table('finance.transactions')
const transfers = sql.table('finance.transfers')
const p2pTransfers = sql.table('finance.p2p_transfers')

/** Each query gives one row, `id`, for what breaks the rule. */
const rules: readonly { readonly name: string; readonly violations: (schema: string) => RawBuilder<unknown> }[] = [
  {
    name: 'every balance is the opening balance plus the posted transactions',
    violations: () => sql`select a.id::text from ${accounts} a
      left join (
        select user_id, account_id, sum(amount) as amount from ${transactions} where status = 'posted' group by user_id, account_id
      ) t on t.user_id = a.user_id and t.account_id = a.id
      where a.balance <> a.opening_balance + coalesce(t.amount, 0)`,
  },
  {
    name: 'what is held is what pending transactions are to take',
    violations: () => sql`select a.id::text from ${accounts} a
      left join (
        select user_id, account_id, -sum(amount) as amount from ${transactions}
        where status = 'pending' and amount < 0 group by user_id, account_id
      ) t on t.user_id = a.user_id and t.account_id = a.id
      where a.held <> coalesce(t.amount, 0)`,
  },
  {
    name: 'no balance is below the minimum balance of its account',
    violations: () => sql`select id::text from ${accounts} where balance < minimum_balance`,
  },
  {
    name: 'every transaction is on an account of its user, in its currency',
    violations: () => sql`select t.id::text from ${transactions} t
      left join ${accounts} a on a.user_id = t.user_id and a.id = t.account_id and a.currency = t.currency
      where a.id is null`,
  },
  {
    name: 'every account belongs to a user',
    violations: () =>
      sql`select a.id::text from ${accounts} a left join ${users} u on u.id = a.user_id where u.id is null`,
  },
  {
    name: 'direction says debit exactly for money that leaves',
    violations: () =>
      sql`select id::text from ${transactions} where direction <> case when amount < 0 then 'debit' else 'credit' end`,
  },
  {
    name: 'exactly posted transactions have a posted_at',
    violations: () => sql`select id::text from ${transactions} where (status = 'posted') <> (posted_at is not null)`,
  },
  {
    name: 'every completed transfer has both its sides, and what it moved',
    violations: () => sql`select f.id::text from ${transfers} f
      left join ${transactions} t on t.user_id = f.user_id and t.transfer_id = f.id
      where f.status = 'completed'
      group by f.user_id, f.id
      having count(t.id) <> 2
        or count(*) filter (where t.account_id = f.from_account_id and t.amount = -f.from_amount) <> 1
        or count(*) filter (where t.account_id = f.to_account_id and t.amount = f.to_amount) <> 1`,
  },
  {
    name: 'every transfer between people has the sides that its status says, and what it moved',
    violations: () => sql`select p.id::text from ${p2pTransfers} p
      left join ${transactions} f on f.user_id = p.user_id and f.p2p_transfer_id = p.id
      left join ${transactions} t on t.user_id = p.recipient_id and t.p2p_transfer_id = p.id
      where f.id is null or f.account_id <> p.from_account_id or f.amount <> -p.amount
        or f.status <> case p.status when 'pending' then 'pending' when 'accepted' then 'posted' else 'released' end
        or (p.status = 'accepted') <> (t.id is not null)
        or t.account_id <> p.to_account_id or t.amount <> p.to_amount or t.status <> 'posted'`,
  },
  {
    name: 'every reversal takes back what it reverses',
    violations: () => sql`select r.id::text from ${transactions} r
      left join ${transactions} t on t.user_id = r.user_id and t.id = r.reverses_id
      where r.reverses_id is not null and (t.id is null or t.account_id <> r.account_id or t.amount <> -r.amount)`,
  },
  {
    name: 'every audit chain is whole, and the log replayed gives the rows that are there',
    violations: () => sql`select coalesce(row_id, user_id)::text as id from ${problems}(null)`,
  },
  {
    name: 'no constraint is unchecked and no trigger is switched off',
    violations: (schema) => sql`
      select conname::text as id from pg_constraint where connamespace = (select oid from pg_namespace where nspname = ${schema})
        and not convalidated
      union all
      select g.tgname::text from pg_trigger g join pg_class c on c.oid = g.tgrelid
      where c.relnamespace = (select oid from pg_namespace where nspname = ${schema}) and g.tgenabled in ('D', 'R')`,
  },
]

/** Looks at every row. In a repeatable read transaction, other writers cannot give a false alarm. */
export async function checkInvariants(
  db: Db,
  schema: string,
  onProgress: (name: string) => void,
): Promise<Invariant[]> {
  const results: Invariant[] = []
  for (const { name, violations } of rules) {
    onProgress(name)
    const { rows } = await sql<{ broken: number; examples: string[] | null }>`
      select count(*)::float8 as broken, (array_agg(id order by id))[1:3] as examples from (${violations(schema)}) violation`.execute(
      db,
    )
    results.push({ name, broken: rows[0]?.broken ?? 0, examples: rows[0]?.examples ?? [] })
  }
  return results
}

/** Rows of each table of the schema, by name. A bank may have more transactions than an int can count. */
export async function countRows(db: Db): Promise<Record<string, number>> {
  const tables = [
    'users',
    'accounts',
    'transactions',
    'transfers',
    'p2p_transfers',
    'investments',
    'computed_features',
    'recommendations',
  ] as const
  const counts: Record<string, number> = {}
  for (const table of tables) {
    const { rows } = await sql<{
      count: number
    }>`select count(*)::float8 as count from ${sql.table(`finance.${table}`)}`.execute(db)
    counts[table] = rows[0]?.count ?? 0
  }
  return counts
}
