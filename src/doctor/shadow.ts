import { Kysely, PGliteDialect, sql } from 'kysely'
import { loadPGlite } from '../connection/load-pglite.js'
import { UnsupportedError } from '../errors.js'
import { createMigrator } from '../migrations/migrator.js'
import type { SqlMigration } from '../migrations/shape.js'
import { identifier } from '../quoting.js'

export interface Shadow extends AsyncDisposable {
  readonly db: Kysely<unknown>
}

export interface ShadowOptions {
  readonly schema: string
  /** What the live database has had. */
  readonly migrations: readonly SqlMigration[]
  /** Of the live server: what migrations grant to a role, they can grant only where it is. */
  readonly roles: readonly string[]
  /** Where the live database has pgvector; null where it has not. */
  readonly vectorSchema: string | null
}

/** An embedded database in memory that has had just these migrations. It takes a second or two. */
export async function openShadow({ schema, migrations, roles, vectorSchema }: ShadowOptions): Promise<Shadow> {
  const { PGlite, vector } = await loadPGlite('The comparison with what the migrations make')
  const needsVector = migrations.some(({ requires }) => requires === 'vector')
  if (needsVector && vector === undefined) {
    throw new UnsupportedError(
      'The database has tables of pgvector, and comparing them needs it too: npm install @electric-sql/pglite-pgvector',
    )
  }
  const pglite = await PGlite.create(vector === undefined ? {} : { extensions: { vector } })
  const db = new Kysely<unknown>({ dialect: new PGliteDialect({ pglite }) })
  const dispose = () => db.destroy()
  try {
    const { rows } = await sql<{ name: string }>`select rolname::text as name from pg_roles`.execute(db)
    const known = new Set(rows.map(({ name }) => name))
    const create = roles.filter((name) => !known.has(name)).map((name) => `create role ${identifier(name)};`)
    if (create.length > 0) await pglite.exec(create.join('\n'))
    if (needsVector && vectorSchema !== null) {
      const into = identifier(vectorSchema)
      await pglite.exec(`create schema if not exists ${into}; create extension vector with schema ${into};`)
    }
    await createMigrator(migrations).migrate(db, { schema, vector: needsVector ? 'require' : 'off' })
    return { db, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}
