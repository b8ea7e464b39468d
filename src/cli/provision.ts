import type { Command } from 'commander'
import type { ProvisionOptions, RoleKind } from '../roles/options.js'
import { type ProvisionResult, provisionRoles, provisionSql } from '../roles/provision.js'
import { parseScopeKey } from '../roles/scope-token.js'
import { type ExitCode, exit, UsageError } from './exit-codes.js'
import { type Cli, run } from './run.js'

interface Options {
  only?: string[]
  app?: string
  member?: string
  agent?: string
  analyst?: string
  migrator?: string
  harden: boolean
  revokeBuiltins?: boolean
  keepBuiltinsFor?: string[]
  sql?: boolean
  withSecrets?: boolean
}

const kinds = ['app', 'member', 'agent', 'analyst'] as const

export function addProvision(program: Command): void {
  program
    .command('provision')
    .description('make the roles of the database, or mend them, with the least rights that do')
    .option('--only <kinds...>', 'of app, member, agent and analyst; default: all')
    .option('--app <name>', 'name of the role that reads and writes for everybody (default: finance_app)')
    .option('--member <name>', 'name of the one that is limited to one person at a time (default: finance_member)')
    .option('--agent <name>', 'name of the one that reads for one person at a time (default: finance_agent)')
    .option('--analyst <name>', 'name of the one that reads for everybody (default: finance_analyst)')
    .option('--migrator <name>', 'a role that is to own the schema')
    .option('--no-harden', 'leave PUBLIC its rights in the database')
    .option('--revoke-builtins', 'take dangerous functions of PostgreSQL from PUBLIC in this database')
    .option('--keep-builtins-for <roles...>', 'other roles that go on to have those')
    .option('--sql', 'print what would be run, as a script for psql, and change nothing')
    .option('--with-secrets', 'with --sql: print verifiers of passwords and scope keys too')
    .addHelpText(
      'after',
      `
Passwords: FINANCE_APP_PASSWORD, FINANCE_MEMBER_PASSWORD, FINANCE_AGENT_PASSWORD, FINANCE_ANALYST_PASSWORD and
FINANCE_MIGRATOR_PASSWORD; what is not set stays as it is. Keys of scopes: FINANCE_SCOPE_KEY, as id:base64, and while keys
are changed others after a comma. Exit code 3: the server refused something.`,
    )
    .action(run<Options>(execute))
}

async function execute(cli: Cli, given: Options): Promise<ExitCode> {
  const { out, flags } = cli
  const options = { ...readRoles(cli, given), schema: flags.schema }
  const { db } = cli.connect()
  if (given.sql === true) {
    const script = await provisionSql(db, options, { secrets: given.withSecrets })
    out.result({ script }, () => out.line(script.trimEnd()))
    return exit.ok
  }
  const result = await provisionRoles(db, options)
  out.result(result, () => print(cli, result))
  if (result.needsMigration) out.note('The schema is not up to date: run finance-db migrate, then this again.')
  return result.refused.length === 0 ? exit.ok : exit.finding
}

function readRoles({ env }: Cli, given: Options): ProvisionOptions {
  const unknown = given.only?.find((kind) => !kinds.some((known) => known === kind))
  if (unknown !== undefined) throw new UsageError(`${unknown} is not a kind of role: ${kinds.join(', ')}.`)
  const chosen = kinds.filter((kind) => given.only === undefined || given.only.includes(kind))
  const role = (kind: RoleKind | 'migrator') => ({
    name: given[kind],
    password: env[`FINANCE_${kind.toUpperCase()}_PASSWORD`] || undefined,
  })
  return {
    roles: Object.fromEntries(chosen.map((kind) => [kind, role(kind)])),
    migrator: given.migrator === undefined ? undefined : role('migrator'),
    scopeKeys: env.FINANCE_SCOPE_KEY ? env.FINANCE_SCOPE_KEY.split(',').map(parseScopeKey) : undefined,
    hardenDatabase: given.harden,
    revokeBuiltins: given.revokeBuiltins,
    keepBuiltinsFor: given.keepBuiltinsFor,
  }
}

function print({ out }: Cli, { done, already, refused }: ProvisionResult): void {
  for (const { what } of done) out.line(`  ${out.style('green', '+')} ${what}`)
  for (const { what, reason } of refused) out.line(`  ${out.style('red', '✗')} ${what}: ${reason}`)
  out.line(`${done.length} done, ${already.length} as they should be, ${refused.length} refused`)
}
