import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { history, migrate, migrations } from '../../src/migrations/index.js'
import type { Outcome, Start } from './migrating-process.js'
import { pgbouncerBinary, startPgBouncer } from './pgbouncer.js'
import { emptyDatabase } from './support.js'

const PROCESSES = 32
const names = migrations.filter(({ requires }) => requires === undefined).map(({ name }) => name)

/** Real processes, started once and then released together, as the instances of a deploy are. */
describe(`${PROCESSES} processes at once on an empty database`, () => {
  let processes: ChildProcess[] = []

  beforeAll(async () => {
    const file = join(inject('programs'), 'migrating.js')
    processes = Array.from({ length: PROCESSES }, () => fork(file, [], { execArgv: ['--enable-source-maps'] }))
    await Promise.all(processes.map((child) => once(child, 'message')))
  }, 120_000)

  afterAll(() => {
    for (const child of processes) child.kill()
  })

  async function migrateAtOnce(url: string): Promise<Outcome[]> {
    const outcomes = Promise.all(
      processes.map((child) => once(child, 'message').then(([outcome]) => outcome as Outcome)),
    )
    for (const child of processes) child.send({ url } satisfies Start)
    return outcomes
  }

  test('apply everything exactly once', { timeout: 60_000 }, async () => {
    await using database = await emptyDatabase()

    const outcomes = await migrateAtOnce(database.url)

    expectOnce(outcomes)
    expect((await history(database.db)).map(({ name }) => name)).toEqual(names)
    expect((await migrate(database.db)).alreadyUpToDate).toBe(true)
  })

  test(`do so through PgBouncer in transaction mode${pgbouncerBinary ? '' : ' (skipped: there is no pgbouncer on this machine)'}`, {
    timeout: 60_000,
    skip: pgbouncerBinary === undefined,
  }, async () => {
    await using database = await emptyDatabase()
    // Fewer than the processes, so that some wait for a server connection while others wait for the migration lock.
    await using bouncer = await startPgBouncer(pgbouncerBinary ?? '', inject('databaseUrl'), 5)

    const outcomes = await migrateAtOnce(bouncer.through(database.url))

    expectOnce(outcomes)
    expect((await history(database.db)).map(({ name }) => name)).toEqual(names)
  })
})

function expectOnce(outcomes: readonly Outcome[]): void {
  expect(outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error] : []))).toEqual([])
  expect(outcomes.flatMap((outcome) => ('applied' in outcome ? outcome.applied : [])).sort()).toEqual(names)
  // Else they did not meet, and the test shows nothing.
  expect(outcomes.reduce((sum, outcome) => sum + ('waited' in outcome ? outcome.waited : 0), 0)).toBeGreaterThan(0)
}
