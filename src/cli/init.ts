import type { Command } from 'commander'
import { sql } from 'kysely'
import { migrated, migrateWithProgress } from './migrate.js'
import { type Cli, run } from './run.js'
import { refuseRealData, sampleUntil, seeded, seedWithProgress } from './seed.js'

interface Options {
  sample?: boolean
}

export function addInit(program: Command): void {
  program
    .command('init')
    .description('check the connection and migrate; safe to run again')
    .option('--sample', 'also add five made-up people with two years of money')
    .action(run<Options>(execute))
}

async function execute(cli: Cli, { sample = false }: Options): Promise<void> {
  const { out } = cli
  const { db, where } = cli.connect({ create: true, migrating: true })
  const { rows } = await sql<{ version: string }>`select current_setting('server_version') as version`.execute(db)
  const server_version = rows[0]?.version
  out.note(`Connected to ${where}, PostgreSQL ${server_version}.`)

  const migration = await migrateWithProgress(db, out)
  if (sample) await refuseRealData(db, where)
  const seeding = sample
    ? await seedWithProgress(db, out, { users: 5, seed: 1, until: sampleUntil, days: 730 })
    : undefined

  out.result({ where, server_version, migration, ...(seeding && { sample: seeding }) }, () => {
    out.line(`${migrated(migration)} (${where})`)
    if (seeding !== undefined) out.line(seeded(seeding))
  })
  out.note(
    sample
      ? 'Next: finance-db verify shows what is there, starting with demo_user.'
      : 'Next: finance-db create-admin --email you@example.org, or finance-db seed for made-up people.',
  )
}
