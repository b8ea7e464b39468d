import pg from 'pg'
import { defaultSchema } from '../../connection/schema-plugin.js'
import { createFinanceDb } from '../../database.js'
import { migrate } from '../../migrations/migrate.js'
import { connected, withDatabase } from './connect.js'
import { migrationsKey } from './key.js'
import { isAbandoned } from './names.js'

/** A host's own tables, made once: on the template, or before the image is taken. */
export interface Preparation {
  /** The Postgres schema of our tables. Default `finance`. */
  readonly schema?: string | undefined
  /** Runs once, after our migrations, on the database that the others are copied from: the host's own migrations. */
  readonly prepare?: ((pool: pg.Pool) => Promise<void>) | undefined
  /** Has to change when `prepare` does something else, since a database of the same key is used again. */
  readonly prepareKey?: string | undefined
}

const templatePrefix = 'finance_db_template_'
const unusedDays = 14
// Any number, as long as it is always the same: builders of templates on one server wait for each other.
const buildLock = 7_203_915_442

/**
 * Makes sure that the server has a migrated template for these migrations, and removes what runs that crashed have left.
 * On a server that stays, the next run finds the template there and migrates nothing.
 *
 * @returns The template's name. Nobody can connect to it, only copy it.
 */
export async function ensureTemplate(url: string, preparation: Preparation): Promise<string> {
  return connected(url, async (client) => {
    const { rows } = await client.query<{ vector: boolean; me: string }>(
      `select exists (select from pg_available_extensions where name = 'vector') as vector, current_user as me`,
    )
    const { vector, me } = rows[0] ?? { vector: false, me: '' }
    const { schema = defaultSchema, prepare, prepareKey = '' } = preparation
    const key = migrationsKey(schema, String(vector), me, prepare === undefined ? '' : `${prepare}${prepareKey}`)
    const name = `${templatePrefix}${key}`

    await client.query('select pg_advisory_lock($1)', [buildLock])
    try {
      const existing = await listOurs(client)
      if (existing.find(({ datname }) => datname === name)?.datistemplate !== true) {
        // What is there without being a template is from a build that broke off.
        await client.query(`drop database if exists ${name} with (force)`)
        await client.query(`create database ${name} template template0`)
        await build(withDatabase(url, name), preparation)
        await client.query(`alter database ${name} with is_template true allow_connections false`)
      }
      await client.query(`comment on database ${name} is '${usedToday()}'`)
      await removeOld(client, existing, name)
    } finally {
      await client.query('select pg_advisory_unlock($1)', [buildLock])
    }
    return name
  })
}

/** Drops the databases of a run: their names begin with its name. */
export async function dropRun(url: string, run: string): Promise<void> {
  await connected(url, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [run],
    )
    for (const { datname } of rows) await client.query(`drop database if exists ${datname} with (force)`)
  })
}

async function build(url: string, { schema, prepare }: Preparation): Promise<void> {
  const db = createFinanceDb({ connectionString: url, schema, poolSize: 1 }, {})
  await migrate(db, schema === undefined ? {} : { schema }).finally(() => db.destroy())
  if (prepare === undefined) return
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  await prepare(pool).finally(() => pool.end())
}

interface Ours {
  readonly datname: string
  readonly datistemplate: boolean
  readonly comment: string | null
}

async function listOurs(client: pg.Client): Promise<Ours[]> {
  const { rows } = await client.query<Ours>(
    `select datname, datistemplate, shobj_description(oid, 'pg_database') as comment from pg_database
     where datname ~ '^finance_db_(test|template)_' and pg_has_role(datdba, 'member')`,
  )
  return rows
}

async function removeOld(client: pg.Client, existing: readonly Ours[], current: string): Promise<void> {
  for (const { datname, datistemplate, comment } of existing) {
    const unused = datistemplate && datname.startsWith(templatePrefix) && datname !== current && isOld(comment ?? '')
    if (!unused && !isAbandoned(datname)) continue
    if (unused) await client.query(`alter database ${pg.escapeIdentifier(datname)} with is_template false`)
    // Without force: one that someone is connected to is in use after all, whatever its name says.
    await client.query(`drop database if exists ${pg.escapeIdentifier(datname)}`).catch(unlessInUse)
  }
}

function unlessInUse(error: unknown): void {
  if (!(error instanceof pg.DatabaseError && error.code === '55006')) throw error
}

function usedToday(): string {
  return `finance-db template, used ${new Date().toISOString().slice(0, 10)}`
}

function isOld(comment: string): boolean {
  const [, day] = /^finance-db template, used (\d{4}-\d\d-\d\d)$/.exec(comment) ?? []
  return day !== undefined && Date.now() - Date.parse(day) > unusedDays * 86_400_000
}
