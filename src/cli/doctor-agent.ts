import { randomBytes, randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { CompiledQuery } from 'kysely'
import { type Environment, resolveSchema } from '../config.js'
import { createFinanceDb } from '../database.js'
import { UnfitRoleError, UnsupportedError } from '../errors.js'
import { type Canaries, plantCanaries } from '../readonly/attacks/canaries.js'
import { forgedScopes } from '../readonly/attacks/forged-scopes.js'
import { runAttacks, type Verdict } from '../readonly/attacks/run.js'
import type { Ground } from '../readonly/attacks/shape.js'
import { createWatch, type Watch } from '../readonly/attacks/watch.js'
import { createReadOnlyDb } from '../readonly/index.js'
import { agentEnvironment, namesAgent } from '../readonly/options.js'
import { inspectRole, type RoleReport } from '../roles/inspect.js'
import { firstScopeKey } from '../roles/scope-token.js'
import { type ExitCode, exit, UsageError } from './exit-codes.js'
import { counted } from './format.js'
import { mend } from './mend-role.js'
import type { Output } from './output.js'
import type { Cli } from './run.js'

export interface AgentOptions {
  agent?: boolean
  agentUrl?: string
  user?: string
  canaries?: boolean
  heavy?: boolean
}

/** What `finance-db doctor --agent` takes. */
export function addAgentOptions(command: Command): Command {
  return command
    .option(
      '--agent',
      'attack the read-only door with every known way around it; exit code 3 if something gets through',
    )
    .option('--agent-url <url>', 'where the agent logs in (default: READONLY_DATABASE_URL, or POSTGRES_READONLY_USER)')
    .option('--user <id>', 'whose rows the door shows (default: nobody who is there)')
    .option(
      '--canaries',
      'put two people into the database (DATABASE_URL), look for them in answers, and take them out',
    )
    .option('--heavy', 'also what burns time and memory of the server until a limit stops it')
}

interface Findings {
  readonly role: RoleReport
  /** Why the door does not even open. */
  readonly refused: readonly string[]
  readonly guarded: readonly Verdict[]
  readonly unguarded: readonly Verdict[]
}

/** Looks at the role and tries all attacks that are harmless in production, with the parser guard and without. */
export async function examineAgent(cli: Cli, options: AgentOptions): Promise<ExitCode> {
  const { out, env, flags } = cli
  const url = options.agentUrl
  if (!url && !namesAgent(env)) {
    throw new UsageError(
      'Say where the agent logs in: READONLY_DATABASE_URL, or POSTGRES_READONLY_USER and POSTGRES_READONLY_PASSWORD, or --agent-url.',
    )
  }
  if (!env.FINANCE_SCOPE_KEY) throw new UsageError('FINANCE_SCOPE_KEY is not set: the door signs with it.')
  const key = firstScopeKey(env.FINANCE_SCOPE_KEY)
  const schema = resolveSchema({ schema: flags.schema }, env)

  const role = await roleOf(url, agentEnvironment(env), schema)
  const owner = options.canaries === true ? cli.connect().db : undefined
  const canaries: Canaries | undefined = owner && (await plantCanaries(owner))
  const progress = out.progress()
  try {
    const me = canaries?.me ?? options.user ?? randomUUID()
    const victim = canaries?.victim ?? randomUUID()
    const canary = canaries?.canary ?? randomBytes(8).toString('hex')
    const ground: Ground = { schema, me, victim, canary, forgedScopes: forgedScopes(victim, me, key) }
    const watch = owner && createWatch(owner, { schema, role: role.role, users: [me, victim] })
    const refused: string[] = []
    const attack = async (guard: 'on' | 'off') => {
      await using door = createReadOnlyDb(
        { connectionString: url, schema, scopeKey: key, guard, concurrency: 1, limits: { timeoutMs: 3000 } },
        env,
      )
      const target = { door: door.asUser(me), guard, ground, watch }
      try {
        return await attackOne(target, options.heavy === true, progress.update)
      } catch (error) {
        if (!(error instanceof UnfitRoleError || error instanceof UnsupportedError)) throw error
        if (!refused.includes(error.message)) refused.push(error.message)
        return []
      }
    }
    const found: Findings = { role, guarded: await attack('on'), unguarded: await attack('off'), refused }
    progress.done()
    const ok = role.fit && found.refused.length === 0 && all(found).every(({ breaches }) => breaches.length === 0)
    out.result({ ok, ...document(found), canaries: canaries !== undefined }, () =>
      print(out, found, canaries !== undefined),
    )
    return ok ? exit.ok : exit.finding
  } finally {
    progress.done()
    await canaries?.remove()
  }
}

const all = ({ guarded, unguarded }: Findings) => [...guarded, ...unguarded]

async function roleOf(connectionString: string | undefined, env: Environment, schema: string): Promise<RoleReport> {
  const db = createFinanceDb({ connectionString, poolSize: 1, maxOverflow: 0 }, env)
  try {
    return await inspectRole((text, values) => db.executeQuery(CompiledQuery.raw(text, values)), schema)
  } finally {
    await db.destroy()
  }
}

interface Target {
  readonly door: Parameters<typeof runAttacks>[0]['door']
  readonly guard: 'on' | 'off'
  readonly ground: Ground
  readonly watch: Watch | undefined
}

async function attackOne(target: Target, heavy: boolean, onProgress: (name: string) => void): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  for await (const verdict of runAttacks({ ...target, heavy, timeoutMs: 10_000 })) {
    verdicts.push(verdict)
    onProgress(`guard ${target.guard}: ${verdict.attack.id}`)
  }
  return verdicts
}

function document({ role, refused, guarded, unguarded }: Findings) {
  const plain = (verdicts: readonly Verdict[]) =>
    verdicts.map(({ attack, attempts, by, weak, breaches }) => ({
      attack: attack.id,
      technique: attack.technique,
      aim: attack.aim,
      attempts,
      held_by: by,
      known_weakness: weak.length === 0 ? undefined : attack.withoutGuard,
      breaches: breaches.map(({ sql, why }) => ({ why, sql: sql.slice(0, 500) })),
    }))
  const { database, schema, sees, fit, findings } = role
  return {
    role: { role: role.role, database, schema, sees, fit, findings },
    refused,
    guard_on: plain(guarded),
    guard_off: plain(unguarded),
    mend: mend(role),
  }
}

function print(out: Output, found: Findings, planted: boolean): void {
  const { role, refused, guarded, unguarded } = found
  out.line(`Role ${role.role}, database ${role.database}: ${role.fit ? 'fit' : 'not fit'} for the read-only door`)
  // A superuser has more than a thousand.
  for (const { severity, sentence } of role.findings.slice(0, 30)) {
    out.line(`  ${severity === 'unfit' ? out.style('red', '✗') : out.style('yellow', '!')} ${sentence}`)
  }
  if (role.findings.length > 30)
    out.line(`  And ${counted(role.findings.length - 30, 'finding')} more: --json has them.`)
  for (const why of refused) out.line(`  ${out.style('red', '✗')} ${why}`)
  out.line()
  const others = new Map(unguarded.map((verdict) => [verdict.attack.id, verdict]))
  out.table(
    [{ title: 'attack' }, { title: 'tries', align: 'right' }, { title: 'with the guard' }, { title: 'without it' }],
    (guarded.length > 0 ? guarded : unguarded).map((verdict) => [
      verdict.attack.id,
      String(verdict.attempts),
      guarded.length > 0 ? summary(verdict) : '',
      summary(others.get(verdict.attack.id)),
    ]),
  )
  for (const { attack, breaches } of all(found)) {
    for (const { why, sql } of breaches) {
      out.line(`  ${out.style('red', '✗')} ${attack.id}: ${why}`)
      out.line(`      ${sql.replaceAll(/\s+/g, ' ').slice(0, 160)}`)
    }
  }
  for (const { attack, weak } of unguarded) {
    if (weak.length > 0)
      out.line(`  ${out.style('yellow', '!')} ${attack.id}, without the guard: ${attack.withoutGuard}`)
  }
  if (!planted) out.line('  Nobody looked for writes and rows of others from outside: --canaries does.')
  const statements = mend(role)
  if (statements.length === 0) return
  out.line()
  out.line(out.style('bold', 'To mend it:'))
  for (const statement of statements) out.line(`  ${statement}`)
}

function summary(verdict: Verdict | undefined): string {
  if (verdict === undefined) return ''
  if (verdict.breaches.length > 0) return `BREACHED, ${verdict.breaches.length}`
  const by = Object.entries(verdict.by).sort(([, a], [, b]) => b - a)
  return [...by.map(([layer]) => layer), ...(verdict.weak.length > 0 ? ['weak'] : [])].join(', ')
}
