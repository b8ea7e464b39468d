import type { Command } from 'commander'
import { sql } from 'kysely'
import { type ExitCode, exit } from './exit-codes.js'
import { seconds } from './format.js'
import { type Cli, run } from './run.js'
import { schemaState } from './schema-state.js'

interface Server {
  version: string
  database: string
  role: string
  tls: string | null
  vector: string | null
  vector_available: string | null
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('connect and say what is there; exit code 3 if the schema is not up to date')
    .action(run(execute))
}

async function execute(cli: Cli): Promise<ExitCode> {
  const { out } = cli
  const { db, where, embedded, loopback } = cli.connect()
  const server = await askServer(db)
  const started = performance.now()
  await sql`select 1`.execute(db)
  const roundTripMs = performance.now() - started
  const { finding, summary, migrations } = await schemaState(db)

  const document = {
    ok: !finding,
    where,
    server_version: server.version,
    database: server.database,
    role: server.role,
    tls: server.tls,
    round_trip_ms: Number(roundTripMs.toFixed(2)),
    pgvector: { installed: server.vector, available: server.vector_available },
    migrations: migrations.map(({ name, state }) => ({ name, state })),
  }
  out.result(document, () => {
    out.table(
      [{ title: 'what' }, { title: 'found' }],
      [
        ['database', where],
        ['server', `PostgreSQL ${server.version}, database ${server.database}, role ${server.role}`],
        ['TLS', embedded ? 'none: it runs in this process' : (server.tls ?? 'none')],
        ['round trip', seconds(roundTripMs)],
        ['pgvector', vectorText(server)],
        ['schema', out.style(finding ? 'yellow' : 'green', summary)],
      ],
    )
  })
  if (!embedded && !loopback && server.tls === null) {
    out.note('The connection is not encrypted. DATABASE_SSL_MODE=verify-full asks for TLS and checks the server.')
  }
  return finding ? exit.finding : exit.ok
}

async function askServer(db: Parameters<typeof schemaState>[0]): Promise<Server> {
  const { rows } = await sql<Server>`select
    current_setting('server_version') as version, current_database()::text as database, current_user::text as role,
    (select version from pg_stat_ssl where pid = pg_backend_pid() and ssl) as tls,
    (select extversion from pg_extension where extname = 'vector') as vector,
    (select default_version from pg_available_extensions where name = 'vector') as vector_available`.execute(db)
  return rows[0] as Server
}

function vectorText({ vector, vector_available }: Server): string {
  if (vector !== null) return `version ${vector}`
  return vector_available === null ? 'not on this server' : `version ${vector_available} can be installed`
}
