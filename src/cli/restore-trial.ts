import type { Kysely } from 'kysely'
import { differences, readFacts } from '../backup/facts.js'
import type { Manifest } from '../backup/manifest.js'
import { inScratch, restoreServer, type ServerPlace } from '../backup/server.js'
import { schemaOf } from '../connection/schema-plugin.js'
import { stopWithClient } from '../connection/stop-with-client.js'
import { createFinanceDb } from '../database.js'
import type { Database } from '../schema/database.js'
import { transaction } from '../transaction.js'
import { openPGlite } from './connection.js'
import { UsageError } from './exit-codes.js'
import { checkInvariants, type Invariant } from './invariants.js'
import type { Output } from './output.js'
import type { Cli } from './run.js'
import { printInvariants } from './verify.js'

/** What a restored database looks like. */
export interface Trial {
  readonly ok: boolean
  /** There was a manifest to compare with. */
  readonly compared: boolean
  /** Against the manifest: empty where all is the same. */
  readonly differences: readonly string[]
  /** Of the data by itself; the audit chains are one of them. */
  readonly invariants: readonly Invariant[]
}

export function serverPlace(cli: Cli): ServerPlace {
  const { db, server } = cli.connect({ migrating: true })
  if (server === undefined) throw new Error('not a server')
  return { db, config: server, schema: schemaOf(db), env: cli.env }
}

/** Restores into a database that is thrown away, and looks at it. */
export async function tryRestore(cli: Cli, file: string, manifest: Manifest): Promise<Trial> {
  if (manifest.kind === 'pglite') {
    const pglite = await openPGlite(undefined, file)
    const { db } = cli.use({
      db: createFinanceDb({ pglite: () => pglite, schema: manifest.schema }, {}),
      where: 'PGlite in memory',
      embedded: true,
      loopback: true,
    })
    return inspect(db, manifest)
  }
  if (cli.flags.pglite !== undefined) {
    throw new UsageError('This backup is of pg_dump, which PGlite cannot take: restore it to a server.')
  }
  return inScratch(serverPlace(cli), async (scratch) => {
    await restoreServer(scratch, file, manifest, { privileges: true })
    return inspect(scratch.db, manifest)
  })
}

/** In one moment: what is there against what the manifest says, and every invariant. */
export async function inspect(db: Kysely<Database>, manifest: Manifest | undefined): Promise<Trial> {
  const schema = schemaOf(db)
  return transaction(
    db,
    async (trx) => {
      await stopWithClient(trx)
      const invariants = await checkInvariants(trx, schema, () => undefined)
      const differing =
        manifest === undefined ? [] : differences(manifest.facts, await readFacts(trx.withoutPlugins(), schema))
      const ok = differing.length === 0 && invariants.every(({ broken }) => broken === 0)
      return { ok, compared: manifest !== undefined, differences: differing, invariants }
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}

export function printTrial(out: Output, { ok, compared, differences: said, invariants }: Trial): void {
  if (ok) {
    const found = compared
      ? 'it has every row, balance and audit chain as it was'
      : 'every invariant holds in what is there'
    out.line(`${out.style('green', '✓')} Restored, ${found}.`)
    return
  }
  for (const text of said) out.line(`${out.style('red', '✗')} ${text}`)
  printInvariants(
    out,
    invariants.filter(({ broken }) => broken > 0),
  )
}
