import type { Kysely, Transaction } from 'kysely'
import type { DB } from './generated.js'

/**
 * The tables, keyed by their qualified names (`'finance.accounts'`), as Kysely wants them. A host adds its own tables by
 * intersection, `Kysely<HostTables & Database>`, and can then join them with ours in one query.
 */
export type Database = DB

/**
 * What a repository needs of a handle. A `Kysely` or a `Transaction` whose tables include ours fits, ours or the host's.
 * (The whole `Kysely` type would refuse a host's transaction: its `fn` is invariant in the tables.)
 */
export type Db = Pick<
  Kysely<Database>,
  | 'selectFrom'
  | 'selectNoFrom'
  | 'insertInto'
  | 'updateTable'
  | 'deleteFrom'
  | 'with'
  | 'transaction'
  | 'getExecutor'
  | 'isTransaction'
>

/** A handle that is known to be inside a transaction: functions that lock rows ask for it. */
export type Trx = Pick<
  Transaction<Database>,
  | 'selectFrom'
  | 'selectNoFrom'
  | 'insertInto'
  | 'updateTable'
  | 'deleteFrom'
  | 'with'
  | 'transaction'
  | 'getExecutor'
  | 'isTransaction'
>
