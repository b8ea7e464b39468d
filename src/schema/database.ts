import type { Kysely, Transaction } from 'kysely'
import type { DB } from './generated.js'

/**
 * The tables, keyed by their qualified names (`'finance.accounts'`), as Kysely wants them. A host adds its own tables by
 * intersection, `Kysely<HostTables & Database>`, and can then join them with ours in one query.
 */
export type Database = DB

type Used =
  | 'selectFrom'
  | 'selectNoFrom'
  | 'insertInto'
  | 'updateTable'
  | 'deleteFrom'
  | 'getExecutor'
  | 'isTransaction'

interface HasOurTables {
  /** Of MySQL, so never called. Its parameter is what keeps out a handle without our tables. */
  replaceInto(table: keyof Database): unknown
}

/**
 * What a repository needs of a handle. A `Kysely` or a `Transaction` whose tables include ours fits, ours or the host's.
 * (The whole `Kysely` type would refuse a host's transaction: its `fn` is invariant in the tables. For TypeScript 5 so are `with`
 * and `transaction`: instead there are {@link withQueries} and `transaction(db, fn)`.)
 */
export type Db = Pick<Kysely<Database>, Used> & HasOurTables

/** A handle that is known to be inside a transaction: functions that lock rows ask for it. */
export type Trx = Pick<Transaction<Database>, Used> & HasOurTables

/** `with`, which {@link Db} leaves out. */
export function withQueries(db: Db): Pick<Kysely<Database>, 'with'> {
  return db as Kysely<Database>
}
