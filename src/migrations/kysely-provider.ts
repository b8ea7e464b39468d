import { type Kysely, sql, type Transaction } from 'kysely'
import type { Migration, MigrationProvider } from 'kysely/migration'
import { identifier } from '../quoting.js'
import { runStep } from './apply.js'
import { explain, type Progress } from './failures.js'
import { applied } from './handle.js'
import { readState } from './history.js'
import { refuseUnfit } from './plan.js'
import { ensureHistory, type LockOptions, takeLock } from './session.js'
import type { Step } from './steps.js'
import { ensureVector, vectorSchema } from './vector.js'

export interface ProviderOptions extends LockOptions {
  readonly schema: string
  readonly vector: 'require' | 'off'
}

/**
 * Our migrations in the shape that Kysely's Migrator takes. They write our own history as well, and pass over what it
 * has, so that a database can go from one migrator to the other and `status` is right under both.
 */
export function providerOf(steps: readonly Step[], options: ProviderOptions): MigrationProvider {
  const offered = steps.filter(({ requires }) => options.vector === 'require' || requires !== 'vector')
  const entries = offered.map((step): [string, Migration] => [
    step.name,
    { up: (db) => once(step, 'up', db), down: (db) => once(step, 'down', db) },
  ])
  return { getMigrations: async () => Object.fromEntries(entries) }

  async function once(step: Step, direction: 'up' | 'down', given: Kysely<unknown>): Promise<void> {
    const progress: Progress = { at: 'begin' }
    try {
      if (given.isTransaction) return await inside(given as Transaction<unknown>, step, direction, progress)
      await given.transaction().execute((trx) => inside(trx, step, direction, progress))
    } catch (error) {
      throw explain(error, options.schema, progress)
    }
  }

  async function inside(hostTrx: Transaction<unknown>, step: Step, direction: 'up' | 'down', progress: Progress) {
    const { schema } = options
    const trx = hostTrx.withoutPlugins()
    const settings = await currentSettings(trx)
    await takeLock(trx, schema, options, progress)
    await ensureHistory(trx, schema)
    const state = await readState(trx, schema, [step])
    refuseUnfit(steps, applied(state))

    const isApplied = applied(state).some(({ name }) => name === step.name)
    if (isApplied === (direction === 'down')) {
      const vector = await vectorOf(trx, step, direction, state.vector)
      await runStep(step, direction, { trx, hostTrx, schema, names: { finance: identifier(schema), vector }, progress })
    }
    // Kysely runs the host's migrations in the same transaction, and they know nothing of our settings.
    await restore(trx, settings)
  }

  async function vectorOf(
    trx: Transaction<unknown>,
    step: Step,
    direction: 'up' | 'down',
    state: Parameters<typeof ensureVector>[3],
  ): Promise<string> {
    if (step.requires !== 'vector') return ''
    if (direction === 'down') return vectorSchema(trx)
    const created = await ensureVector(trx, options.schema, 'require', state)
    return 'vector' in created ? created.vector : ''
  }
}

type Settings = Readonly<Record<string, string>>

async function currentSettings(trx: Transaction<unknown>): Promise<Settings> {
  const { rows } = await sql<{ settings: string }>`select json_object_agg(name, current_setting(name))::text as settings
from pg_settings where name in ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout',
  'transaction_timeout', 'search_path')`.execute(trx)
  return JSON.parse(rows[0]?.settings ?? '{}') as Settings
}

async function restore(trx: Transaction<unknown>, settings: Settings): Promise<void> {
  await sql`select count(set_config(key, value, true)) as restored from json_each_text(${JSON.stringify(settings)}::json)`.execute(
    trx,
  )
}
