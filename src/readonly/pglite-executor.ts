import type { PGliteDialectConfig } from 'kysely'
import { QueryLimitError, ScopeError, UnfitRoleError } from '../errors.js'
import { identifier } from '../quoting.js'
import { inspectRole, type RoleReport, unfit } from '../roles/inspect.js'
import { type ScopeKey, signScope } from '../roles/scope-token.js'
import { explainPrefix, withinRows } from './answer.js'
import type { Step, StepResult } from './batch.js'
import type { Answer, Executor, Job, OpenTransaction } from './executor.js'
import { queryFailure } from './failures.js'
import type { Gate } from './gate.js'
import { defaultLimits } from './limits.js'
import { preamble } from './preamble.js'
import { assertCells, strictRows } from './results.js'

export interface PGliteExecutorOptions {
  readonly source: PGliteDialectConfig['pglite']
  readonly role: string | undefined
  readonly gate: Gate
  readonly scopeKey: ScopeKey | undefined
  readonly schema: string
}

/** What of PGlite is used here. */
interface Session {
  query(
    text: string,
    values: readonly unknown[],
    options: object,
  ): Promise<{ rows: Array<Array<string | null>>; fields: Array<{ name: string; dataTypeID: number }> }>
}

interface Instance {
  transaction<Result>(use: (session: Session) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

// PGlite makes values of what comes back, and text of parameters, by the oid of the type. Here both stay text.
const asText = (value: unknown) => (Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : String(value))
const everyType = Object.fromEntries(Array.from({ length: 6000 }, (_, oid) => [oid, asText]))
const asItCame = { rowMode: 'array', parsers: everyType, serializers: everyType }
// Whatever runs it is thrown away at the end.
const undo = Symbol('undo')

/**
 * The door over PGlite: one process, one connection. A transaction that is read-only, one statement, always rolled back; the
 * role when there is one. There is no limit of time, since nothing runs beside a statement that could end it, no second login,
 * and an answer is in memory before it is measured.
 */
export function pgliteExecutor({ source, role: roleName, gate, scopeKey, schema }: PGliteExecutorOptions): Executor {
  let opening: Promise<Instance> | undefined
  let report: RoleReport | undefined

  const instance = () => {
    opening ??= Promise.resolve(typeof source === 'function' ? source() : source) as unknown as Promise<Instance>
    return opening
  }

  async function send(session: Session, { text, values }: Step): Promise<StepResult> {
    try {
      const { rows, fields } = await session.query(text, values, asItCame)
      return { rows, fields, suspended: false, tag: '' }
    } catch (error) {
      throw queryFailure(error, text.startsWith(explainPrefix) ? explainPrefix.length : 0)
    }
  }

  async function inTransaction<Result>(
    job: Pick<Job, 'limits' | 'userId'> | undefined,
    use: (session: Session, role: RoleReport) => Promise<Result>,
  ): Promise<Result> {
    const limits = job?.limits ?? defaultLimits
    let done: { result: Result } | undefined
    try {
      await (await instance()).transaction(async (session) => {
        const run = (text: string) => send(session, { text, values: [], rows: 0 })
        await run('set transaction isolation level repeatable read, read only')
        if (await exists(session)) await run(`set local role ${identifier(roleName ?? '')}`)
        const open = (scope: string | undefined) => send(session, preamble({ schema, limits, scope, serverVersion: 0 }))
        await open(undefined)
        const role = await look(session)
        // Without a job only the role is looked at, which is the same for every user.
        const scope = job && scopeOf(job, role, scopeKey)
        if (scope !== undefined) await open(scope)
        done = { result: await use(session, role) }
        throw undo
      })
    } catch (error) {
      if (error !== undo) throw error
    }
    return (done as { result: Result }).result
  }

  async function exists(session: Session): Promise<boolean> {
    if (roleName === undefined) return false
    const text = 'select 1 from pg_catalog.pg_roles where rolname = $1'
    const { rows } = await send(session, { text, values: [roleName], rows: 0 })
    return rows.length > 0
  }

  async function look(session: Session): Promise<RoleReport> {
    const found = await inspectRole(
      async (text, values) => ({ rows: strictRows(await send(session, { text, values, rows: 0 })) }),
      schema,
      { kind: 'either' },
    )
    const limited = found.role === roleName
    // Nobody logs in to PGlite, so the session is the superuser's; nor can those be reproached who have no role to give.
    const problems = limited ? unfit(found, ['switched']) : []
    if (problems.length > 0) throw new UnfitRoleError(found.role, problems)
    report = limited ? found : withoutSecrets(found, await openColumns(session, found))
    return report
  }

  /** What agents may read on a server, as `table.column`. */
  async function openColumns(session: Session, { readable }: RoleReport): Promise<ReadonlySet<string>> {
    if (!readable.has('readable_columns')) return new Set()
    const text = `select table_name || '.' || column_name from ${identifier(schema)}.readable_columns`
    const { rows } = await send(session, { text, values: [], rows: 0 })
    return new Set(rows.map(([name]) => String(name)))
  }

  async function one(
    session: Session,
    job: Pick<Job, 'sql' | 'values' | 'limits' | 'excess' | 'explain'>,
  ): Promise<Answer> {
    const text = job.explain ? explainPrefix + job.sql : job.sql
    const result = await send(session, { text, values: job.values, rows: 0 })
    return measured(result, job)
  }

  return {
    role: async () => report ?? inTransaction(undefined, async (_, role) => role),
    async run(job) {
      job.signal?.throwIfAborted()
      const leave = await gate.enter(job.signal, job.userId)
      try {
        return await inTransaction(job, async (session, role) => {
          await job.check?.(role)
          return one(session, job)
        })
      } finally {
        leave()
      }
    },
    async open(job): Promise<OpenTransaction> {
      const leave = await gate.enter(job.signal, job.userId)
      return new Promise<OpenTransaction>((resolve, reject) => {
        let finish: () => void = () => {}
        const ended = inTransaction(job, async (session) => {
          const finished = new Promise<void>((release) => {
            finish = release
          })
          resolve({
            run: ({ sql, values }) => one(session, { ...job, sql, values }),
            end: async () => {
              finish()
              await ended.catch(() => {})
            },
          })
          await finished
        }).finally(leave)
        ended.catch(reject)
      })
    },
    async destroy() {
      if (typeof source === 'function' && opening !== undefined) await (await opening).close()
    },
  }
}

function scopeOf(job: Pick<Job, 'userId' | 'limits'>, role: RoleReport, key: ScopeKey | undefined): string | undefined {
  if (role.sees === 'one-user') {
    if (job.userId === undefined) {
      throw new ScopeError('missing', 'This role sees the rows of one user only: query through asUser(userId).')
    }
    if (key === undefined) throw new ScopeError('missing', 'asUser needs the option scopeKey, to sign for the user.')
    return signScope(key, 'agent', job.userId, new Date(Date.now() + job.limits.timeoutMs + 60_000))
  }
  if (job.userId === undefined) return undefined
  throw new ScopeError(
    'pretence',
    'The database does not limit this role to one user, so asUser would only pretend to.',
  )
}

/** The superuser that PGlite is could read all. */
function withoutSecrets(report: RoleReport, open: ReadonlySet<string>): RoleReport {
  const [readable, partly, hidden] = [new Map<string, string[]>(), new Set<string>(), new Set<string>()]
  for (const [table, all] of report.readable) {
    const [columns, withheld] = [true, false].map((is) => all.filter((name) => open.has(`${table}.${name}`) === is))
    if (columns === undefined || columns.length === 0) continue
    readable.set(table, columns)
    for (const name of withheld ?? []) {
      partly.add(table)
      hidden.add(name)
    }
  }
  return { ...report, readable, partly, hidden }
}

function measured(result: StepResult, { limits, excess }: Pick<Job, 'limits' | 'excess'>): Answer {
  assertCells(result, limits.maxCellBytes)
  const bytes = result.rows.reduce((sum, row) => sum + row.reduce((all, text) => all + (text?.length ?? 0) + 4, 0), 0)
  if (bytes > limits.maxBytes) {
    throw new QueryLimitError('bytes', `The answer is larger than the ${limits.maxBytes} bytes that are allowed.`)
  }
  return withinRows(result, bytes, { limits, excess })
}
