import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Environment } from '../config.js'
import type { Target } from '../connection/target.js'
import { UnsupportedError } from '../errors.js'

type Program = 'pg_dump' | 'pg_restore'

const debian = '/usr/lib/postgresql'

/** Where programs of PostgreSQL are: `FINANCE_DB_PG_BIN`, or else the PATH and what Debian puts beside it. */
function directories(env: Environment): string[] {
  if (env.FINANCE_DB_PG_BIN) return [env.FINANCE_DB_PG_BIN]
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : []
  return [...(env.PATH ?? '').split(delimiter).filter((path) => path !== ''), ...versions]
}

/**
 * The oldest that is not older than the server: older ones refuse, and a newer one may write what an older `pg_restore`
 * cannot read.
 *
 * @throws {UnsupportedError} There is none.
 */
export async function findProgram(name: Program, serverMajor: number, env: Environment): Promise<string> {
  const paths = [...new Set(directories(env).map((directory) => join(directory, name)))]
  const found = (await Promise.all(paths.map(async (path) => ({ path, major: await majorOf(path) })))).filter(
    ({ major }) => Number.isInteger(major),
  )
  const [best] = found.filter(({ major }) => major >= serverMajor).sort((a, b) => a.major - b.major)
  if (best !== undefined) return best.path
  const there =
    found.length === 0
      ? 'there is none'
      : `there is only version ${[...new Set(found.map(({ major }) => major))].join(', ')}`
  throw new UnsupportedError(
    `The server is PostgreSQL ${serverMajor}, which needs ${name} of version ${serverMajor} or later, and ${there}. ` +
      `Install it (Debian: postgresql-client-${serverMajor}), or name its directory in FINANCE_DB_PG_BIN.`,
  )
}

/** NaN where there is none, or one that does not say. */
async function majorOf(path: string): Promise<number> {
  const { stdout } = await promisify(execFile)(path, ['--version']).catch(() => ({ stdout: '' }))
  return Number(/\) (\d+)/.exec(stdout)?.[1])
}

/** What libpq needs to connect there. In the environment: everybody on the machine can read the arguments of a process. */
export function libpqEnvironment(
  target: Target,
  password: string | undefined,
  tls: { mode: string; ca: string | undefined },
  env: Environment,
) {
  return {
    PATH: env.PATH ?? '',
    HOME: env.HOME ?? '/nonexistent',
    LC_ALL: 'C',
    PGHOST: target.host,
    PGPORT: String(target.port),
    PGSSLMODE: tls.mode,
    PGAPPNAME: 'finance-db backup',
    PGOPTIONS: '-c statement_timeout=0 -c lock_timeout=30s',
    ...(tls.ca !== undefined && { PGSSLROOTCERT: tls.ca }),
    ...(target.user !== undefined && { PGUSER: target.user }),
    ...(target.database !== undefined && { PGDATABASE: target.database }),
    ...(password !== undefined && { PGPASSWORD: password }),
  }
}

const isComplaint = (line: string) => /^(pg_\w+: (error|hint)|ERROR|FATAL|HINT):/.test(line)

/**
 * @param signal Ends the program.
 * @throws {UnsupportedError} With what the program said, which names objects and no values.
 */
export async function runProgram(
  path: string,
  args: readonly string[],
  env: Record<string, string>,
  signal?: AbortSignal,
): Promise<string> {
  const child = spawn(path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  signal?.addEventListener('abort', () => child.kill(), { once: true })
  if (signal?.aborted) child.kill()
  const said: string[] = []
  let [stdout, line] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    // What failed may be followed by the whole text of a function, in which there are errors too.
    const lines = `${line}${text}`.split('\n')
    line = lines.pop() ?? ''
    said.push(...lines.filter(isComplaint))
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (isComplaint(line)) said.push(line)
  if (code !== 0) {
    throw new UnsupportedError(`${path} failed: ${said.slice(0, 3).join(' ') || `exit code ${code}`}`)
  }
  return stdout
}
