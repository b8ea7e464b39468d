import { readFileSync } from 'node:fs'
import { type Kysely, sql } from 'kysely'
import type { Database } from '../src/schema/index.js'

/** Processor time in microseconds. */
export interface ProcessorTime {
  readonly node: number
  readonly server: number
}

/**
 * What a run costs this process and the server's sessions of the database, whoever else the processors are shared with. Reads
 * /proc, so the server has to be on this Linux machine, and sessions that end meanwhile are missed.
 */
export async function processorTime(db: Kysely<Database>, run: () => Promise<unknown>): Promise<ProcessorTime> {
  const before = await ofServer(db)
  const node = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(node)
  return { node: user + system, server: (await ofServer(db)) - before }
}

async function ofServer(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ pid: number }>`
    select pid from pg_stat_activity where datname = current_database()`.execute(db)
  const nanoseconds = rows.map(({ pid }) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]))
  return nanoseconds.reduce((sum, ns) => sum + ns, 0) / 1000
}
