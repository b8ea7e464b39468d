import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { z } from 'zod'
import { ImportConflictError, TransactionConflictError } from '../errors.js'
import { sqlStateOf, translateError } from '../postgres-errors.js'
import type { Db, Trx } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { newTransaction } from '../schema/transactions.js'
import { transaction } from '../transaction.js'
import { cardNumbers, type ImportRow } from './import-row.js'
import { createStage, type Stage, stage, stageName, stageRows } from './import-stage.js'
import { noAccount } from './no-account.js'
import { liftTimeLimits } from './time-limits.js'

export { type ImportRow, importRow } from './import-row.js'

export interface ImportOptions {
  /** What writes the rows, kept in `source`. Default `import`. */
  readonly source?: string | undefined
  /** About how many rows one statement writes. Default 250,000: the server remembers some 40 bytes a row until it ends. */
  readonly batchRows?: number | undefined
  /** Called now and then with the number of rows so far: first as they are read, then, from 0 again, as they are written. */
  readonly onProgress?: ((rows: number, phase: 'reading' | 'writing') => void) | undefined
  /** Stops the import, which leaves nothing: at once while rows are read, after the running statement when they are written. */
  readonly signal?: AbortSignal | undefined
  /**
   * What to do with a full card number in merchant, category or description: `mask` all of it but the last four digits
   * (default), or `refuse` the import. See `containsCardNumber` for what is taken for one.
   */
  readonly cardNumbers?: 'refuse' | 'mask' | undefined
}

/** What an import did: the three add up to the rows that were read. */
export interface ImportResult {
  readonly inserted: number
  /** Rows that are there already, or that a later row of the same import replaces. */
  readonly skipped: number
  /** Pending transactions that were settled, or changed. */
  readonly updated: number
}

const options = z.strictObject({
  source: newTransaction.shape.source.default('import'),
  batchRows: z.int().min(1).max(10_000_000).default(250_000),
  onProgress: z.custom<NonNullable<ImportOptions['onProgress']>>((value) => typeof value === 'function').optional(),
  signal: z.instanceof(AbortSignal).optional(),
  cardNumbers,
})

type Settings = z.infer<typeof options>

/**
 * Brings in any number of movements from an iterable, sync or async, in constant memory, all or none. Inside a transaction
 * of the host it is a savepoint. The balances follow.
 *
 * An `external_id` is taken once on its account, so importing a file again adds nothing, also while another process
 * imports it. **Rows without an `external_id` are always inserted: importing those twice doubles them.** The rows of an
 * `external_id` are compared by day, amount and currency:
 * - the same movement is skipped, and other texts do not replace those that are there;
 * - a posted row settles the pending one: its status, day, amount and `posted_at`;
 * - a pending row changes the day and amount of a pending one, the last of the import counting, and is skipped where the
 *   posted one is there;
 * - a posted row with another movement than the posted one, or for one that was released, is a conflict, and nothing is
 *   imported.
 *
 * A row without `currency` has that of its account. Rows are first gathered in a temporary table, and no account is locked
 * until the last one is read. Then the accounts are locked until the transaction ends, in the order of their ids; a
 * deadlock with another writer is repeated from there, or in a transaction of the host thrown for the host to repeat. The
 * time limits of the session for statements and for idling are off meanwhile: use `signal`.
 *
 * @throws {InvalidInputError} Names the row, counted from 1, and the fields.
 * @throws {MissingReferenceError} An account does not exist for its user, or has another currency.
 * @throws {ImportConflictError} A {@link ConflictError} that says how many rows, and ten of their `external_id`s.
 * @throws {AccountInactiveError} An account is frozen or closed.
 * @throws {InsufficientFundsError} A balance would fall below the `minimum_balance` of its account.
 * @throws {TransactionConflictError} Others held the accounts in another order again and again.
 */
export async function importTransactions(
  db: Db,
  rows: Iterable<ImportRow> | AsyncIterable<ImportRow>,
  { source, batchRows, onProgress, signal, cardNumbers }: ImportOptions = {},
): Promise<ImportResult> {
  const settings = parseInput(options, { source, batchRows, onProgress, signal, cardNumbers }, 'The import options')
  signal?.throwIfAborted()
  const nested = db.isTransaction
  return transaction(
    db,
    async (trx) => {
      const restoreLimits = await liftTimeLimits(trx)
      await createStage(trx)
      const staged = await stageRows(trx, rows, settings)
      const result = await repeatOnConflict(trx, nested, signal, (inner) => write(inner, staged, settings))
      await sql`drop table ${stage}`.execute(trx)
      await restoreLimits()
      return result
    },
    // The source can be read only once. Conflicts arise after it, and are repeated there.
    { retries: 0, ...(!nested && { isolationLevel: 'read committed' as const }) },
  ).catch(translateError)
}

const attempts = 6

/**
 * Runs it in a savepoint, and again after a deadlock or when another writer took away what it stands on. A deadlock inside a
 * transaction of the host is for the host to repeat: the locks that it holds would stay in the way.
 */
async function repeatOnConflict<Result>(
  trx: Trx,
  nested: boolean,
  signal: AbortSignal | undefined,
  fn: (trx: Trx) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction(trx, fn)
    } catch (error) {
      const again = sqlStateOf(error) === '40P01' ? !nested : error instanceof TransactionConflictError
      if (!again || attempt === attempts) throw error
      await sleep(20 * 2 ** attempt * (0.5 + Math.random()), undefined, { signal })
    }
  }
}

const key = 'transactions_external_id_key'
const transactions = sql.table('finance.transactions')
const accounts = sql.table('finance.accounts')

// Says `is not null` so that the partial index is a candidate.
const sameKey = sql`
  t.user_id = s.user_id and t.account_id = s.account_id and t.external_id = s.external_id and t.external_id is not null`

async function write(trx: Trx, staged: Stage, settings: Settings): Promise<ImportResult> {
  await lockAccounts(trx)
  const known = staged.identified === 0 ? 0 : await countKnown(trx)
  const inserted = await insert(trx, staged, known, settings)
  if (inserted === staged.rows) return { inserted, skipped: 0, updated: 0 }

  const updated = await settlePending(trx)
  await refuseOtherMovements(trx)
  return { inserted, skipped: staged.rows - inserted - updated, updated }
}

/** In the order that the balance trigger has too, before a row is written, so that nothing is lost when it has to be repeated. */
async function lockAccounts(trx: Trx): Promise<void> {
  const { rows } = await sql<{ missing: boolean }>`
    with wanted as materialized (
      select distinct s.user_id, s.account_id, s.currency from ${stage} s
    ), locked as materialized (
      select a.user_id, a.id, a.currency from ${accounts} a
      where (a.user_id, a.id) in (select w.user_id, w.account_id from wanted w)
      order by a.user_id, a.id
      for no key update
    )
    -- the count is there so that every row of it is locked
    select (select count(*) from locked) >= 0 and exists (
      select from wanted w
      where not exists (
        select from locked l
        where l.user_id = w.user_id and l.id = w.account_id and l.currency = coalesce(w.currency, l.currency)
      )
    ) as missing
  `.execute(trx)
  if (rows[0]?.missing === true) noAccount()
}

async function countKnown(trx: Trx): Promise<number> {
  // Without statistics the planner would take it for a small table and probe the wrong index.
  await sql`analyze ${stage}`.execute(trx)
  const { rows } = await sql<{ known: string }>`
    select count(*)::text as known from ${stage} s
    where s.external_id is not null and exists (select from ${transactions} t where ${sameKey})
  `.execute(trx)
  return Number(rows[0]?.known)
}

/**
 * By account and day, since neighbours in the table that are neighbours in its indexes too are written faster. Within a day
 * in the order of the source, which the ids then follow as far as the server's clock can tell them apart.
 */
async function insert(trx: Trx, staged: Stage, known: number, settings: Settings): Promise<number> {
  const { source, batchRows, onProgress, signal } = settings
  const isNew =
    known === 0
      ? sql`true`
      : known === staged.identified
        ? sql`s.external_id is null`
        : sql`not exists (select from ${transactions} t where ${sameKey})`
  const { rows } = await sql<{ blocks: number }>`
    select (pg_relation_size(${stageName}::text::regclass) / current_setting('block_size')::int)::int as blocks
  `.execute(trx)
  const blocks = Number(rows[0]?.blocks)
  const step = Math.max(1, Math.floor((blocks * batchRows) / Math.max(1, staged.rows)))

  let inserted = 0
  for (let block = 0; block < blocks; block += step) {
    signal?.throwIfAborted()
    const { numAffectedRows } = await sql`
      insert into ${transactions} (
        user_id, account_id, date, merchant, amount, currency, category, description, is_subscription, status, posted_at,
        external_id, source, pending_id
      )
      select s.user_id, s.account_id, s.date, s.merchant, s.amount, coalesce(s.currency, a.currency), s.category,
        s.description, s.is_subscription, s.status,
        case when s.status = 'posted' then coalesce(s.posted_at, now()) end, s.external_id, ${source}::text, s.pending_id
      from ${stage} s
      join ${accounts} a on a.user_id = s.user_id and a.id = s.account_id
      where s.ctid >= ${`(${block},0)`}::text::tid and s.ctid < ${`(${block + step},0)`}::text::tid and ${isNew}
      order by s.user_id, s.account_id, s.date, s.ctid
      on conflict (user_id, account_id, external_id) where external_id is not null do nothing
    `.execute(trx)
    inserted += Number(numAffectedRows)
    onProgress?.(Math.round((staged.rows * Math.min(blocks, block + step)) / blocks), 'writing')
  }
  return inserted
}

/** The first posted row of each pending transaction, else its last pending one, becomes its movement. */
async function settlePending(trx: Trx): Promise<number> {
  const { numAffectedRows } = await sql`
    with latest as materialized (
      select distinct on (t.user_id, t.id)
        t.user_id, t.id, s.date, s.amount, s.status, coalesce(s.posted_at, now()) as posted_at
      from ${stage} s
      join ${transactions} t on ${sameKey}
      where t.status = 'pending'
      order by t.user_id, t.id, case when s.status = 'posted' then s.ctid end, s.ctid desc
    )
    update ${transactions} t
    set date = l.date, amount = l.amount, status = l.status, posted_at = case when l.status = 'posted' then l.posted_at end
    from latest l
    where t.user_id = l.user_id and t.id = l.id and t.status = 'pending'
      and (l.status = 'posted' or (t.date, t.amount) is distinct from (l.date, l.amount))
  `.execute(trx)
  return Number(numAffectedRows)
}

// What was released here came to nothing: a bank that posts it says otherwise.
const isAnother = sql`(t.status = 'released' or (t.date, t.amount) is distinct from (s.date, s.amount))`

async function refuseOtherMovements(trx: Trx): Promise<void> {
  const { rows } = await sql<{ other: string; gone: string }>`
    select count(t.id)::text as other, (count(*) - count(t.id))::text as gone
    from ${stage} s
    left join ${transactions} t on ${sameKey}
    where s.external_id is not null
      and (t.id is null or (s.status = 'posted' and ${isAnother}))
  `.execute(trx)
  if (Number(rows[0]?.gone) > 0) {
    throw new TransactionConflictError('A pending transaction was removed while the import replaced it: run it again.')
  }
  const count = Number(rows[0]?.other)
  if (count === 0) return
  const examples = await sql<{ external_id: string }>`
    select s.external_id
    from ${stage} s
    join ${transactions} t on ${sameKey}
    where s.status = 'posted' and ${isAnother}
    group by s.external_id
    order by min(s.ctid)
    limit 10
  `.execute(trx)
  throw new ImportConflictError(
    count,
    examples.rows.map(({ external_id }) => external_id),
    { table: 'transactions', constraint: key },
  )
}
