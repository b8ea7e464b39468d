import type { Command } from 'commander'
import { checkSchema, type SchemaDifference, type SchemaReport } from '../doctor/check-schema.js'
import { type AgentOptions, addAgentOptions, examineAgent } from './doctor-agent.js'
import { type ExitCode, exit } from './exit-codes.js'
import { counted, shorten } from './format.js'
import type { Output } from './output.js'
import { type Cli, run } from './run.js'

interface Options extends AgentOptions {
  sql?: boolean
}

export function addDoctor(program: Command): void {
  const doctor = program
    .command('doctor')
    .description(
      'compare the schema with what its migrations make, or attack the read-only door; exit code 3 if something is wrong',
    )
    .option('--sql', 'print only the script that mends it, for psql')
  addAgentOptions(doctor).action(
    run<Options>((cli, options) => (options.agent === true ? examineAgent(cli, options) : examineSchema(cli, options))),
  )
}

async function examineSchema(cli: Cli, { sql = false }: Options): Promise<ExitCode> {
  const { out } = cli
  const report = await checkSchema(cli.connect({ migrating: true }).db)
  out.result(report, () => (sql ? out.line(report.script.trimEnd()) : print(out, report)))
  return report.ok ? exit.ok : exit.finding
}

function print(out: Output, { schema, differences, added, pending, edited, script, ok }: SchemaReport): void {
  if (ok) out.line(`Schema ${schema} is as its migrations make it.`)
  for (const difference of differences) printDifference(out, difference)
  for (const name of edited) out.line(`  ${out.style('red', '✗')} migration ${name}: edited after being applied`)
  for (const name of pending) out.line(`  ${out.style('yellow', '·')} migration ${name}: pending`)
  if (added.length > 0) {
    out.line()
    out.line(`  ${counted(added.length, 'object')} of others, which is no damage:`)
    for (const { kind, name } of added) {
      if (kind !== 'grant' && kind !== 'policy') out.line(`    ${kind} ${name}`)
    }
    for (const [policy, tables] of policiesByName(added)) {
      out.line(`    policy ${policy} on ${tables.length === 1 ? tables[0] : counted(tables.length, 'table')}`)
    }
    for (const [role, grants] of grantsByRole(added)) out.line(`    ${counted(grants, 'privilege')} of ${role}`)
  }
  if (script === '') return
  out.line()
  out.line(out.style('bold', 'To mend it (finance-db doctor --sql | psql):'))
  out.line()
  out.line(script.trimEnd())
}

/** Each role that is limited to one person has one of its name on every table. */
function policiesByName(added: SchemaReport['added']): Map<string, string[]> {
  const policies = new Map<string, string[]>()
  for (const { kind, name } of added) {
    if (kind !== 'policy') continue
    const at = name.lastIndexOf(' on ')
    const policy = name.slice(0, at)
    policies.set(policy, [...(policies.get(policy) ?? []), name.slice(at + 4)])
  }
  return policies
}

/** A provisioned database has hundreds: `--json` has them one by one. */
function grantsByRole(added: SchemaReport['added']): Map<string, number> {
  const grants = new Map<string, number>()
  for (const { kind, name } of added) {
    if (kind !== 'grant') continue
    const role = name.slice(name.lastIndexOf(' to ') + 4)
    grants.set(role, (grants.get(role) ?? 0) + 1)
  }
  return grants
}

function printDifference(out: Output, { kind, name, problem, expected, found }: SchemaDifference): void {
  out.line(`  ${out.style('red', '✗')} ${kind} ${name}: ${problem.replace('-', ' ')}`)
  if (expected === undefined || found === undefined || kind === 'function') return
  const oneLine = (text: string) => shorten(text.replaceAll(/\s+/g, ' '), 160)
  out.line(`      is      ${oneLine(found)}`)
  out.line(`      should  ${oneLine(expected)}`)
}
