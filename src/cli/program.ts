import { Command } from 'commander'
import { version } from '../version.js'
import { addBackup } from './backup.js'
import { addCheck } from './check.js'
import { addCodegen } from './codegen.js'
import { addCreateAdmin } from './create-admin.js'
import { addDemo } from './demo.js'
import { addDoctor } from './doctor.js'
import { addHistory } from './history.js'
import { addImport } from './import.js'
import { addInit } from './init.js'
import { addMake } from './make.js'
import { addMcp } from './mcp.js'
import { addMigrate } from './migrate.js'
import { addProvision } from './provision.js'
import { addPurge } from './purge.js'
import { addReport } from './report.js'
import { redact } from './report-error.js'
import { addReset } from './reset.js'
import { addRestore } from './restore.js'
import { addRollback } from './rollback.js'
import { addSeed } from './seed.js'
import { addSql } from './sql.js'
import { addStatus } from './status.js'
import { addVerify } from './verify.js'

const help = `
The database is that of DATABASE_URL, or POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_HOST, POSTGRES_PORT and POSTGRES_DB,
from the environment or a file .env; DATABASE_MIGRATION_URL, where set, is used for the schema itself. Results go to stdout, notes and progress to stderr.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 something is not as it should be (check, doctor, status,
verify, backup, restore, provision, codegen --check).`

/** The command line, ready to parse. Throws commander's errors instead of ending the process. */
export function createProgram(): Command {
  const program = new Command('finance-db')
    .description('Looks after a finance database: its schema, its data, its administrator.')
    .version(version)
    .option('--url <url>', 'connection string; DATABASE_URL keeps its password out of the list of processes')
    .option('--pglite <dir>', 'use an embedded database in this directory')
    .option('--schema <name>', 'the Postgres schema of our tables (default: FINANCE_DB_SCHEMA or finance)')
    .option('--json', 'print one JSON document on stdout')
    .option('--quiet', 'no notes and no progress')
    .option('--verbose', 'say what caused an error')
    .addHelpText('after', help)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(redact(text)) })
    .showHelpAfterError('Run it with --help to see what there is.')

  addDemo(program)
  addInit(program)
  addCheck(program)
  addDoctor(program)
  addMigrate(program)
  addRollback(program)
  addStatus(program)
  addHistory(program)
  addSql(program)
  addMake(program)
  addCodegen(program)
  addImport(program)
  addVerify(program)
  addProvision(program)
  addReport(program)
  addBackup(program)
  addRestore(program)
  addPurge(program)
  addSeed(program)
  addReset(program)
  addCreateAdmin(program)
  addMcp(program)
  return program
}
