/**
 * Runs squawk over the SQL of every migration, one file each. What the first release makes, it makes where nobody works
 * yet: rules about tables in use are left out for it (squawk.first.toml says which, and why). Later ones pass in full.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrations } from '../src/migrations/index.js'
import { parseIndex } from '../src/migrations/online-index.js'
import type { SqlMigration } from '../src/migrations/shape.js'
import { firstRelease } from './releases.js'

const names = { finance: '"finance"', vector: '"public"' }

/** As it runs on a database that is in use: with limits on locks, and online indexes outside of the transaction. */
function rendered({ up, online }: SqlMigration): string {
  const statements = up(names).map((statement) => (online ? (parseIndex(statement)?.create ?? statement) : statement))
  return [
    "set lock_timeout = '5s';",
    "set statement_timeout = '0';",
    ...statements.map((text) => `${text}\n;`),
    '',
  ].join('\n')
}

async function main(): Promise<void> {
  const released = await firstRelease()
  const directory = await mkdtemp(join(tmpdir(), 'finance-db-squawk-'))
  try {
    const [first, later]: [string[], string[]] = [[], []]
    for (const migration of migrations) {
      const file = join(directory, `${migration.name}.sql`)
      await writeFile(file, rendered(migration))
      const isFirst = released === undefined || migration.name in released.migrations
      const list = isFirst && !migration.online ? first : later
      list.push(file)
    }
    const codes = [squawk('squawk.first.toml', first, ['--assume-in-transaction']), squawk('squawk.toml', later, [])]
    if (codes.some((code) => code !== 0)) process.exitCode = 1
    else console.log(`${first.length} migrations of the first release and ${later.length} others pass.`)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function squawk(config: string, files: readonly string[], args: readonly string[]): number {
  if (files.length === 0) return 0
  const { status, error } = spawnSync('squawk', ['--config', config, ...args, ...files], { stdio: 'inherit' })
  if (error !== undefined) throw error
  return status ?? 1
}

await main()
