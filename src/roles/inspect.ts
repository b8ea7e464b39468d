import { dangerousBuiltins } from './builtins.js'
import type { Finding } from './inspection/finding.js'
import { relations } from './inspection/relations.js'
import { serverFindings } from './inspection/server-findings.js'
import { tableFindings } from './inspection/table-findings.js'

export type { Finding } from './inspection/finding.js'

/** Runs one statement and gives its rows, however the caller connects. The values are text. */
export type RoleQuery = (text: string, values: string[]) => Promise<{ rows: readonly unknown[] }>

/** What a role is and may do. */
export interface RoleReport {
  readonly role: string
  readonly database: string
  readonly schema: string
  /** As `server_version_num`: 180004. */
  readonly serverVersion: number
  /** Nothing found that is `unfit`. */
  readonly fit: boolean
  /**
   * `one-user`: policies are to limit it to the user of the signed scope; where one does not, a finding says so. `everybody`:
   * none does.
   */
  readonly sees: 'one-user' | 'everybody'
  readonly findings: readonly Finding[]
  /** The columns that may be read, by table of the schema. */
  readonly readable: ReadonlyMap<string, readonly string[]>
  /** The tables of `readable` of which some columns are withheld. */
  readonly partly: ReadonlySet<string>
  /** Names of columns that are closed in all tables, where the database itself does not close them (PGlite). */
  readonly hidden?: ReadonlySet<string>
}

export interface InspectOptions {
  /**
   * What the role is to be. An `analyst` reads the rows of everybody, so that no policy has to limit it. `either`: an agent if
   * anything limits it to one person already. Default `agent`.
   */
  readonly kind?: 'agent' | 'analyst' | 'either' | undefined
}

/**
 * Looks at the role that `query` is connected as for everything that makes it unfit for SQL that nobody has checked: power over
 * the server, memberships, ownership, any right to write anything in the database, secrets it can read, tables whose rows are
 * not limited to one person, functions that run as someone else or reach out of the database. One round trip; it reads the
 * catalogue alone, and needs no right of its own.
 *
 * @param schema Where our tables are.
 */
export async function inspectRole(
  query: RoleQuery,
  schema: string,
  { kind = 'agent' }: InspectOptions = {},
): Promise<RoleReport> {
  const { rows } = await query(inspection, [schema, kind, `{${dangerousBuiltins.join(',')}}`])
  const { limited, readable, partly, ...found } = JSON.parse((rows[0] as { report: string }).report) as FoundRole
  return {
    ...found,
    schema,
    fit: unfit(found).length === 0,
    sees: limited ? 'one-user' : 'everybody',
    readable: new Map(Object.entries(readable)),
    partly: new Set(partly),
  }
}

/** The sentences that say why a role is not fit, but for these codes. That it is a superuser comes first: it explains the rest. */
export function unfit({ findings }: Pick<RoleReport, 'findings'>, but: readonly string[] = []): string[] {
  return findings
    .filter(({ code, severity }) => severity === 'unfit' && !but.includes(code))
    .sort((a, b) => Number(b.code === 'superuser') - Number(a.code === 'superuser'))
    .map(({ sentence }) => sentence)
}

interface FoundRole extends Pick<RoleReport, 'role' | 'database' | 'serverVersion' | 'findings'> {
  readonly limited: boolean
  readonly readable: Readonly<Record<string, string[]>>
  readonly partly: readonly string[]
}

const inspection = `with ${relations}, finding as (
${[...serverFindings, ...tableFindings].join('\nunion all\n')}
), readable as (
  select r.name, json_agg(a.attname order by a.attnum) filter (where has_column_privilege(me.oid, r.oid, a.attnum, 'select')) as columns,
    not bool_and(has_column_privilege(me.oid, r.oid, a.attnum, 'select')) as partly
  from me, rel r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  where r.ours and r.readable
  group by r.name
)
select json_build_object(
  'role', current_user, 'database', current_database(), 'serverVersion', current_setting('server_version_num')::int,
  'limited', (select so from limited),
  'findings', coalesce((select json_agg(json_build_object(
    'code', code, 'severity', severity, 'object', object, 'sentence', sentence) order by severity, code, object) from finding), '[]'),
  'readable', coalesce((select json_object_agg(name, columns) from readable), '{}'),
  'partly', coalesce((select json_agg(name) from readable where partly), '[]')
)::text as report`
