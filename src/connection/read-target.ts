import { z } from 'zod'
import { InvalidConfigError } from '../errors.js'
import type { Environment, Supplier } from './options.js'
import { both, type Given, Issues, readCertificates, textOf } from './settings.js'
import { parseConnectionString, type SslMode, type Target, withPassword } from './target.js'

const text = z.string().min(1)
const targetChecks = {
  host: { variables: ['POSTGRES_HOST', 'POSTGRES_SERVER'], check: text, rule: 'must be a host name' },
  port: { variables: ['POSTGRES_PORT'], check: z.int().min(1).max(65_535), rule: 'must be a port, 1 to 65535' },
  user: { variables: ['POSTGRES_USER'], check: text, rule: 'must be the name of a role' },
  password: {
    variables: ['POSTGRES_PASSWORD'],
    check: z.union([z.string(), z.custom<Supplier>((value) => typeof value === 'function')]),
    rule: 'must be a string, or a function that gives one',
  },
  database: { variables: ['POSTGRES_DB'], check: text, rule: 'must be the name of a database' },
  applicationName: { variables: [], check: text, rule: 'must be a string' },
} as const

export const targetNames = Object.keys(targetChecks)

/**
 * Where to connect, from the options and else the environment; undefined when that is wrong, which is among the issues.
 * `sslMode` is the option, which stands above what a connection string says.
 */
export function readTarget(
  options: Given,
  env: Environment,
  sslMode: SslMode | undefined,
  issues: Issues,
): TargetSource {
  const string = options.connectionString ?? textOf(env, 'DATABASE_URL')
  const stringName =
    options.connectionString === undefined
      ? 'DATABASE_URL (option connectionString)'
      : 'connectionString (variable DATABASE_URL)'

  const parts: Record<string, unknown> = {}
  for (const [name, { variables, check, rule }] of Object.entries(targetChecks)) {
    const [variable] = string === undefined ? variables.filter((v) => textOf(env, v) !== undefined) : []
    const fromEnv = variable === undefined ? undefined : name === 'password' ? env[variable] : textOf(env, variable)
    const value = options[name] ?? (name === 'port' && fromEnv !== undefined ? Number(fromEnv) : fromEnv)
    if (value === undefined) continue
    if (check.safeParse(value).success) parts[name] = value
    else if (options[name] !== undefined) issues.add(both(name, variables[0], 'variable'), rule)
    else issues.add(both(variable ?? name, name, 'option'), rule)
  }

  const supplier = typeof parts.password === 'function' ? (parts.password as Supplier) : undefined
  const plain = typeof parts.password === 'string' ? parts.password : undefined
  const { password: _, ...rest } = sslMode === undefined ? parts : { ...parts, sslMode }
  const finish = (target: Target) => withPassword({ ...target, ...rest }, plain ?? target.password)

  if (typeof string === 'function') {
    return { target: () => supplied(string as Supplier, finish), password: supplier }
  }
  if (string !== undefined) {
    const target =
      typeof string === 'string' ? parseConnectionString(string) : { message: 'must be a string or a function' }
    if ('message' in target) return { target: issues.add(stringName, target.message), password: supplier }
    return { target: finish(target), password: supplier }
  }
  if (Object.keys(parts).length === 0) {
    issues.add('DATABASE_URL (option connectionString)', 'is not set, and neither are POSTGRES_USER, POSTGRES_HOST, …')
  } else if (parts.user === undefined) {
    issues.add('POSTGRES_USER (option user)', 'is not set, and neither is DATABASE_URL')
  }
  return { target: finish({ host: 'localhost', port: 5432 }), password: supplier }
}

interface TargetSource {
  readonly target: Target | (() => Promise<Target>) | undefined
  readonly password: Supplier | undefined
}

async function supplied(supplier: Supplier, finish: (target: Target) => Target): Promise<Target> {
  const string = await supplier()
  const target = typeof string === 'string' ? parseConnectionString(string) : { message: 'must give a string' }
  if ('message' in target) {
    throw new InvalidConfigError([{ path: 'connectionString (a function)', message: target.message }])
  }
  const issues = new Issues()
  const sslCa = readCertificates(target.sslCa, issues)
  issues.throwIfAny()
  return finish(withPassword({ ...target, sslCa }, target.password))
}
