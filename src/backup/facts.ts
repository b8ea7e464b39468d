import { type QueryExecutorProvider, sql } from 'kysely'
import { identifier } from '../quoting.js'

/** What a backup has to bring back, to compare before and after. */
export interface Facts {
  /** By table: how many rows, and a sum of hashes of them, whatever their order. */
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly content: string }>>
  /** By currency: exact sums. */
  readonly balances: Readonly<
    Record<string, { readonly accounts: number; readonly balance: string; readonly held: string }>
  >
  /** How many people have an audit chain, and a sum of hashes of the heads. */
  readonly chains: { readonly people: number; readonly heads: string }
}

/** Reads every row of the schema. In a repeatable read transaction it is one moment. */
export async function readFacts(trx: QueryExecutorProvider, schema: string, signal?: AbortSignal): Promise<Facts> {
  await sql`select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true), set_config('extra_float_digits', '1', true),
    set_config('bytea_output', 'hex', true)`.execute(trx)
  const { rows: names } = await sql<{ name: string }>`select c.relname::text as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relkind = 'r' order by c.relname collate "C"`.execute(trx)
  const tables: Record<string, { rows: number; content: string }> = {}
  for (const { name } of names) {
    signal?.throwIfAborted()
    const { rows } = await sql<{ rows: number; content: string }>`select count(*)::float8 as rows,
      coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text as content from ${sql.table(`${schema}.${name}`)} t`.execute(
      trx,
    )
    tables[name] = { rows: Number(rows[0]?.rows), content: rows[0]?.content ?? '' }
  }
  const at = (table: string) => sql.raw(`${identifier(schema)}.${identifier(table)}`)
  const balances = tables.accounts
    ? await sql<{
        currency: string
        accounts: number
        balance: string
        held: string
      }>`select currency::text as currency,
        count(*)::float8 as accounts, sum(balance)::text as balance, sum(held)::text as held
      from ${at('accounts')} group by currency order by currency`.execute(trx)
    : { rows: [] }
  const chains = tables.audit_seals
    ? await sql<{ people: number; heads: string }>`select count(*)::float8 as people,
        coalesce(sum(hashtextextended(user_id::text || seq || encode(hash, 'hex'), 0)::numeric), 0)::text as heads
      from (select distinct on (user_id) user_id, seq, hash from ${at('audit_seals')} order by user_id, seq desc) h`.execute(
        trx,
      )
    : { rows: [] }
  return {
    tables,
    balances: Object.fromEntries(
      balances.rows.map(({ currency, accounts, balance, held }) => [
        currency,
        { accounts: Number(accounts), balance, held },
      ]),
    ),
    chains: { people: Number(chains.rows[0]?.people ?? 0), heads: chains.rows[0]?.heads ?? '0' },
  }
}

/** In words, what is not the same; empty where all is. */
export function differences(expected: Facts, found: Facts): string[] {
  const said: string[] = []
  for (const name of new Set([...Object.keys(expected.tables), ...Object.keys(found.tables)])) {
    const [before, after] = [expected.tables[name], found.tables[name]]
    if (before === undefined) said.push(`table ${name} was not in the backup`)
    else if (after === undefined) said.push(`table ${name} is missing`)
    else if (before.rows !== after.rows) said.push(`table ${name} has ${after.rows} rows, not ${before.rows}`)
    else if (before.content !== after.content) said.push(`table ${name} has as many rows, but not the same`)
  }
  for (const currency of new Set([...Object.keys(expected.balances), ...Object.keys(found.balances)])) {
    const [before, after] = [expected.balances[currency], found.balances[currency]]
    for (const what of ['accounts', 'balance', 'held'] as const) {
      if (before?.[what] !== after?.[what])
        said.push(`${what} in ${currency}: ${after?.[what] ?? 'none'}, not ${before?.[what] ?? 'none'}`)
    }
  }
  if (expected.chains.people !== found.chains.people) {
    said.push(`${found.chains.people} people have an audit chain, not ${expected.chains.people}`)
  } else if (expected.chains.heads !== found.chains.heads) said.push('the audit chains have other heads')
  return said
}
