import { ConnectionError, FinanceDbError, TimeoutError } from '../errors.js'

/** What a message about a failed connection may say, and names to turn. */
export interface ConnectContext {
  /** `host:port`, never with credentials. */
  readonly where: string
  /** The sentence for a pool that stayed full. */
  readonly poolFull: string
  /** The sentence for a server that did not answer. */
  readonly tooSlow: string
}

export const noTlsMessage = 'The server does not support SSL connections'

const bySystemCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections. Is PostgreSQL running there, and is the port right?',
  ENOTFOUND: 'has no address. Is the host name right?',
  EAI_AGAIN: 'has no address just now. Is the name server reachable?',
  EHOSTUNREACH: 'cannot be reached from here.',
  ENETUNREACH: 'cannot be reached from here.',
  ECONNRESET: 'closed the connection while it was made.',
  ETIMEDOUT: 'did not answer.',
  ENOENT: 'has no socket there. Is PostgreSQL running?',
  EACCES: 'has a socket that this user may not open.',
}

const bySqlState: Readonly<Record<string, string>> = {
  '28P01': 'refuses the user or the password.',
  '28000': 'refuses the login: see the server log, pg_hba.conf and the TLS mode (sslMode, DATABASE_SSL_MODE).',
  '3D000': 'has no such database.',
  '42501': 'does not let this role connect to the database.',
  '53300': 'has no connection left. Lower poolSize and maxOverflow, or raise its max_connections.',
  '57P03': 'is starting up or shutting down.',
  '55000': 'does not accept connections to this database.',
}

/** What stays so until somebody changes it. */
const lasting = new Set(['28P01', '28000', '3D000', '42501', '55000', 'EACCES'])

/** Turns what pg says about a connection that could not be had into one of our errors, with the original as `cause`. */
export function connectFailure(error: unknown, { where, poolFull, tooSlow }: ConnectContext): FinanceDbError {
  if (error instanceof FinanceDbError) return error
  const { message, code } = detailsOf(error)
  const options = { cause: error }

  // pg gives these no code.
  if (message === 'timeout exceeded when trying to connect') return new TimeoutError('connection', poolFull, options)
  if (message === 'timeout expired' || message === 'Connection terminated due to connection timeout') {
    return new TimeoutError('connection', tooSlow, options)
  }
  if (message === noTlsMessage) {
    return new ConnectionError(`${where} has no TLS, which sslMode (DATABASE_SSL_MODE) asks for.`, {
      ...options,
      transient: false,
    })
  }
  if (/^SASL: .*password must be a (non-empty )?string$/.test(message)) {
    return new ConnectionError(`${where} asks for a password, and none was given.`, { ...options, transient: false })
  }
  if (message === 'Cannot use a pool after calling end on the pool') {
    return new ConnectionError('The pool of this handle was closed.', { ...options, transient: false })
  }
  const known = bySystemCode[code] ?? bySqlState[code]
  if (known !== undefined) {
    return new ConnectionError(`${where} ${known} (${code})`, { ...options, transient: !lasting.has(code) })
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return new ConnectionError(
      `${where} shows a certificate that sslMode does not accept (${code}). Give its authority as sslCa (DATABASE_SSL_CA).`,
      { ...options, transient: false },
    )
  }
  return new ConnectionError(`No connection to ${where}${code === '' ? '' : ` (${code})`}.`, options)
}

function detailsOf(error: unknown): { message: string; code: string } {
  if (!(error instanceof Error)) return { message: '', code: '' }
  return { message: error.message, code: 'code' in error && typeof error.code === 'string' ? error.code : '' }
}

/**
 * The error of a function that supplies a password or a connection string. Only its kind is told, and there is no
 * `cause`: whatever such an error quotes may be the secret.
 */
export function supplierFailure(what: string, error: unknown): ConnectionError {
  const name = error instanceof Error ? error.name : typeof error
  const { code } = detailsOf(error)
  const kind = [name, code].filter((word) => /^[A-Za-z_]\w{0,60}$/.test(word)).join(' ')
  return new ConnectionError(`The function that gives the ${what} failed (${kind}).`)
}
