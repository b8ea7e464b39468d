import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { startTestServer } from '../src/testing/server.js'
import { audit } from './audit.js'
import { balanceTrigger } from './balance-trigger.js'
import { searchDocuments } from './documents.js'
import { door } from './door.js'
import { importAgainstPsql } from './import.js'
import { reads } from './reads.js'
import { roles } from './roles.js'
import { seedAgainstPsql } from './seed.js'
import { signalsForMany } from './signals.js'
import { matchTransfersOf } from './transfer-matches.js'
import { transfersAgainstStatements } from './transfers.js'
import { warmMigrate } from './warm-migrate.js'

const benches = {
  import: importAgainstPsql,
  reads,
  transfers: transfersAgainstStatements,
  signals: signalsForMany,
  matches: matchTransfersOf,
  migrate: warmMigrate,
  trigger: balanceTrigger,
  documents: searchDocuments,
  audit,
  door,
  roles,
  seed: seedAgainstPsql,
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { rows: { type: 'string', default: '1000000' } },
  })
  const names = positionals.length === 0 ? Object.keys(benches) : positionals
  const rows = Number(values.rows)
  if (!names.every((name) => Object.hasOwn(benches, name)) || !Number.isInteger(rows) || rows < 1000) {
    console.error(`Usage: npm run bench -- [${Object.keys(benches).join(' | ')}]... [--rows 1000000]`)
    process.exitCode = 2
    return
  }

  const server = await startTestServer()
  try {
    const [cpu] = cpus()
    console.log(`${server.describe}, Node ${process.version}, ${cpus().length} × ${cpu?.model}`)
    for (const name of names) await benches[name as keyof typeof benches]({ url: server.url, rows })
  } finally {
    await server.stop()
  }
}

await main()
