import type { Command } from 'commander'
import { type Kysely, sql } from 'kysely'
import { migrate } from '../migrations/index.js'
import * as users from '../repositories/users.js'
import type { Database } from '../schema/database.js'
import { seed } from '../seed/index.js'
import { embedded } from './connection.js'
import { tellReads } from './demo-reads.js'
import { tellWrites } from './demo-writes.js'
import { counted, seconds } from './format.js'
import type { Output } from './output.js'
import { type Cli, run } from './run.js'
import { sampleUntil } from './seed.js'
import { createShow } from './show.js'

const people = 3

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('show a year of money in an embedded database, with no server; needs @electric-sql/pglite')
    .action(run(execute))
}

async function execute(cli: Cli): Promise<void> {
  const { out, flags, env } = cli
  const started = performance.now()
  const { db } = cli.use(embedded(undefined, flags.schema, env))

  const prepared = await prepare(db, out)
  const show = createShow(out)
  const reads = await tellReads(db, show, prepared.user)
  const writes = await tellWrites(db, show, prepared.user)

  out.result({ ...prepared, ...reads, ...writes }, () => farewell(out, performance.now() - started))
}

function farewell(out: Output, tookMs: number): void {
  out.line()
  out.line(`All of this took ${seconds(tookMs)}. The database was in memory and is gone now.`)
  out.line('To keep one:  npx finance-db init --sample --pglite ./data')
  out.line('Then:         npx finance-db verify --pglite ./data')
}

async function prepare(db: Kysely<Database>, out: Output) {
  const say = (text: string) => out.json || out.line(text)
  say(out.style('bold', 'A finance database in this process: PostgreSQL compiled to WebAssembly (PGlite).'))
  say('')
  const timed = async <T>(work: Promise<T>, text: (result: T) => string) => {
    const started = performance.now()
    const result = await work
    say(`  ${out.style('green', '✓')} ${text(result).padEnd(78)} ${seconds(performance.now() - started).padStart(7)}`)
    return result
  }

  const progress = out.progress()
  progress.update('starting PGlite')
  await timed(
    sql<{ version: string }>`select current_setting('server_version') as version`.execute(db).finally(progress.done),
    ({ rows }) => `PostgreSQL ${rows[0]?.version} started`,
  )
  const migration = await timed(migrate(db), ({ applied, skipped }) => {
    const left = skipped.length === 0 ? '' : `; left out: ${skipped.map(({ name }) => name).join(', ')} (no pgvector)`
    return `migrate(db): ${counted(applied.length, 'migration')} applied${left}`
  })
  const seeding = await timed(
    seed(db, { users: people, until: sampleUntil, days: 730 }),
    (result) =>
      `seed(db, { users: ${people}, … }): ${counted(result.transactions, 'transaction')} on ${result.accounts} accounts`,
  )
  const [id = ''] = seeding.userIds
  return { migration, seed: seeding, user: await users.get(db, id) }
}
