import type { InputIssue } from '../errors.js'

export const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof sslModes)[number]

/** Where to connect and as whom: what a connection string says. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly user?: string | undefined
  readonly database?: string | undefined
  /** Not enumerable, so that a printed configuration does not show it. */
  readonly password?: string | undefined
  readonly sslMode?: SslMode | undefined
  /** From `sslrootcert`: a path as the string has it, the PEM text where a function supplied the string. */
  readonly sslCa?: string | undefined
  readonly applicationName?: string | undefined
  /** Settings for the session in the form of `-c name=value`, as libpq has it. */
  readonly options?: string | undefined
  readonly channelBinding?: boolean | undefined
  /** False when the string says that PgBouncer is in front (`pgbouncer=true`, as hosted Postgres prints it). */
  readonly preparedStatements?: boolean | undefined
}

const schemes = /^(postgres|postgresql)(\+[a-z0-9_]+)?:\/\//i

/**
 * Reads `postgresql://user:password@host:port/database?sslmode=…`, also in the forms of SQLAlchemy
 * (`postgresql+asyncpg://`) and of a Unix socket (`?host=/var/run/postgresql`). Parameters that mean nothing here are
 * passed over, since hosted databases add their own. Client certificates are not read: give a `pool` for those.
 *
 * Returns what is wrong with it instead when it cannot be read, never quoting it.
 */
export function parseConnectionString(text: string): Target | Omit<InputIssue, 'path'> {
  const wrong = (message: string) => ({ message })
  const trimmed = text.trim()
  if (!schemes.test(trimmed)) return wrong('must start with postgresql:// (or postgres://, or postgresql+driver://)')

  const parsed = parse(trimmed)
  if (parsed === undefined) {
    return wrong(
      'is not a URL of the form postgresql://user:password@host:port/database; percent-encode special characters',
    )
  }
  const { url, noHost } = parsed
  // The user and the password end at the first "/", "?" or "#": what follows would be taken for a host, and told in errors.
  if ([url.pathname, url.hash, ...url.searchParams.keys()].some((part) => part.includes('@'))) {
    return wrong('has an "@" behind its host: percent-encode "/", "?", "#" and "@" in the user and the password')
  }
  const parameter = (name: string) => url.searchParams.get(name) || undefined

  const sslMode = sslModeOf(url.searchParams)
  if (sslMode === null) return wrong(`has an sslmode other than ${sslModes.join(', ')}`)
  const port = Number(parameter('port') ?? (url.port || 5432))
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return wrong('has a port that is not between 1 and 65535')

  try {
    const host = parameter('host') ?? (noHost ? '' : decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'))
    const target: Target = {
      host: host || 'localhost',
      port,
      user: parameter('user') ?? (decodeURIComponent(url.username) || undefined),
      database: parameter('dbname') ?? (decodeURIComponent(url.pathname.slice(1)) || undefined),
      sslMode,
      sslCa: parameter('sslrootcert'),
      applicationName: parameter('application_name'),
      options: parameter('options'),
      channelBinding: ['prefer', 'require'].includes(parameter('channel_binding') ?? '') || undefined,
      preparedStatements: parameter('pgbouncer') === 'true' ? false : undefined,
    }
    return withPassword(target, parameter('password') ?? (decodeURIComponent(url.password) || undefined))
  } catch {
    return wrong('has a "%" that is not followed by two hex digits: write it as %25')
  }
}

/** A copy of the target with a password that does not show when it is printed. */
export function withPassword(target: Target, password: string | undefined): Target {
  return Object.defineProperty({ ...target }, 'password', { value: password, enumerable: false })
}

function parse(text: string): { url: URL; noHost: boolean } | undefined {
  // `new URL` knows ports and hosts of special schemes only in part, and refuses credentials without a host.
  const plain = text.replace(schemes, 'postgresql://')
  const noHost = /^postgresql:\/\/([^/?#]*@)?(:\d+)?(\/|\?|$)/.test(plain)
  try {
    return { url: new URL(noHost ? plain.replace(/^(postgresql:\/\/([^/?#]*@)?)/, '$1localhost') : plain), noHost }
  } catch {
    return undefined
  }
}

/** `ssl` is how pg and asyncpg spell it. Null for a mode that does not exist. */
function sslModeOf(parameters: URLSearchParams): SslMode | undefined | null {
  const text = parameters.get('sslmode') ?? parameters.get('ssl')
  if (text === null || text === '') return undefined
  if (text === 'true' || text === '1') return 'verify-full'
  if (text === 'false' || text === '0') return 'disable'
  if (text === 'no-verify') return 'require'
  return sslModes.find((mode) => mode === text) ?? null
}
