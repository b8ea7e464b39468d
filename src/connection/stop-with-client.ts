import { type QueryExecutorProvider, sql } from 'kysely'

/**
 * Lets the server look every 2 s whether this process is still there, until the transaction ends. By itself it notices when it
 * has an answer to send, which may be minutes after somebody pressed Ctrl-C. On Windows and in PGlite it cannot look.
 */
export async function stopWithClient(trx: QueryExecutorProvider): Promise<void> {
  await sql`do $$ begin
    perform pg_catalog.set_config('client_connection_check_interval', '2s', true);
  exception when others then null;
  end $$`.execute(trx)
}
