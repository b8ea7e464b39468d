import type { Environment } from '../config.js'
import type { Connection } from './connection.js'

/** Where losing data is part of the work: `FINANCE_DB_ENV`, or else `NODE_ENV`, says so. */
export function isDevelopment(env: Environment): boolean {
  const name = env.FINANCE_DB_ENV || env.NODE_ENV
  return name === 'development' || name === 'test'
}

/** Development, and on this machine. Anywhere else a command that destroys data wants to be told more. */
export function isExpendable(env: Environment, { loopback }: Connection): boolean {
  return loopback && isDevelopment(env)
}
