import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { transactions } from '../src/index.js'
import { copyLine, stageColumns } from '../src/repositories/import-encoding.js'
import { type Candidate, compare, timed } from './compare.js'
import { benchRows, createPeople } from './data.js'
import { type Bench, freshDatabase } from './databases.js'

const run = promisify(execFile)
const [people, accountsEach] = [1000, 2]

/** Import against psql's own \copy: the same rows, the same tables and triggers, each time a fresh copy. */
export async function importAgainstPsql(bench: Bench): Promise<void> {
  const count = Math.min(bench.rows, 300_000)
  await using template = await freshDatabase(bench)
  await createPeople(template.db, people, accountsEach)
  await template.close()
  const folder = await mkdtemp(join(tmpdir(), 'finance-db-bench-'))
  const file = join(folder, 'rows.copy')
  try {
    await pipeline(Readable.from(lines(count)), createWriteStream(file))
    const hasPsql = await run('psql', ['--version']).then(
      () => true,
      () => false,
    )
    const columns = stageColumns.map(([name]) => name).join(', ')
    const psql = on(count, ({ url }) =>
      run('psql', [
        url,
        '-X',
        '-q',
        '-v',
        'ON_ERROR_STOP=1',
        '-c',
        `\\copy finance.transactions (${columns}) from '${file}'`,
      ]),
    )
    const ours = on(count, ({ db }) => transactions.import(db, benchRows(count, people, accountsEach)))
    const withoutIds = on(count, ({ db }) => transactions.import(db, anonymous(count)))

    await compare({
      title: `import of ${count.toLocaleString('en')} rows into ${people * accountsEach} accounts`,
      rounds: 5,
      operations: count,
      reference: hasPsql ? 'psql \\copy' : 'transactions.import',
      candidates: {
        ...(hasPsql && { 'psql \\copy': psql }),
        'transactions.import': ours,
        '… again, all known': again(count),
        '… without external_id': withoutIds,
      },
      note: hasPsql ? 'Target: transactions.import at 0.8 of psql.' : 'psql is not installed: not compared with it.',
    })
  } finally {
    await rm(folder, { recursive: true })
  }

  type Opened = Awaited<ReturnType<typeof freshDatabase>>

  function on(expected: number, write: (database: Opened) => Promise<unknown>): Candidate {
    return async () => {
      await using database = await freshDatabase(bench, template.name)
      const ms = await timed(() => write(database))
      await verify(database, expected)
      return ms
    }
  }

  function again(expected: number): Candidate {
    return async () => {
      await using database = await freshDatabase(bench, template.name)
      await transactions.import(database.db, benchRows(expected, people, accountsEach))
      const ms = await timed(() => transactions.import(database.db, benchRows(expected, people, accountsEach)))
      await verify(database, expected)
      return ms
    }
  }

  /** A fast import of the wrong thing is no result. */
  async function verify({ db }: Opened, expected: number): Promise<void> {
    const { rows } = await sql<{ right: boolean }>`
      select (select count(*) = ${expected} and sum(amount) = (select sum(balance) from finance.accounts)
              from finance.transactions) as right
    `.execute(db)
    if (rows[0]?.right !== true) throw new Error('the rows or the balances are not what they should be')
  }
}

function* lines(count: number): Generator<string> {
  for (const row of benchRows(count, people, accountsEach)) yield copyLine(row)
}

function* anonymous(count: number): Generator<transactions.ImportRow> {
  for (const { external_id: _, ...row } of benchRows(count, people, accountsEach)) yield row
}
