import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { type InputIssue, InvalidConfigError } from '../errors.js'
import type { Environment } from './options.js'
import { schemaNamePattern, schemaNameRule } from './schema-plugin.js'
import { sslModes } from './target.js'

/** Options as they came, unchecked. */
export type Given = Readonly<Record<string, unknown>>

/** Collects what is wrong, so that one error can name all of it. */
export class Issues {
  readonly list: InputIssue[] = []

  add(path: string, message: string): undefined {
    this.list.push({ path, message })
  }

  throwIfAny(): void {
    if (this.list.length > 0) throw new InvalidConfigError(this.list)
  }
}

interface Setting<T> {
  readonly variables: readonly string[]
  readonly read: (text: string) => unknown
  readonly check: z.ZodType<T>
  readonly option: string
  readonly variable?: string
}

// The largest delay that a timer of Node takes; a larger one would fire at once.
const maxTimerMs = 2_147_483_647

const asFlag = (text: string) =>
  /^(true|1|yes|on)$/i.test(text) ? true : /^(false|0|no|off)$/i.test(text) ? false : text

function count(least: number, ...variables: string[]): Setting<number> {
  const option = `must be a whole number, ${least} to 10000`
  return { variables, read: Number, check: z.int().min(least).max(10_000), option }
}

function flag(...variables: string[]): Setting<boolean> {
  return { variables, read: asFlag, check: z.boolean(), option: 'must be true or false' }
}

function duration(...variables: string[]): Setting<number> {
  return {
    variables,
    read: (text) => Number(text) * 1000,
    check: z.number().min(0).max(maxTimerMs),
    option: `must be a number of milliseconds, 0 to ${maxTimerMs}`,
    variable: `must be a number of seconds, 0 to ${Math.floor(maxTimerMs / 1000)}`,
  }
}

const settings = {
  schema: {
    variables: ['FINANCE_DB_SCHEMA'],
    read: (text: string) => text,
    check: z.string().regex(schemaNamePattern),
    option: schemaNameRule,
  },
  echo: flag('DATABASE_ECHO', 'DB_ECHO'),
  acquireTimeoutMs: duration('DATABASE_POOL_TIMEOUT'),
  preparedStatements: flag('DATABASE_PREPARED_STATEMENTS'),
  prePing: flag('DATABASE_POOL_PRE_PING'),
  poolSize: count(1, 'DATABASE_POOL_SIZE'),
  maxOverflow: count(0, 'DATABASE_MAX_OVERFLOW'),
  minSize: count(0),
  idleTimeoutMs: duration(),
  maxLifetimeMs: {
    ...duration('DATABASE_POOL_RECYCLE'),
    // SQLAlchemy spells "never" as -1.
    read: (text: string) => (text === '-1' ? 0 : Number(text) * 1000),
  },
  connectTimeoutMs: duration('DATABASE_CONNECT_TIMEOUT'),
  statementTimeoutMs: duration('DATABASE_COMMAND_TIMEOUT'),
  idleTransactionTimeoutMs: duration('DATABASE_IDLE_TRANSACTION_TIMEOUT'),
  answerTimeoutMs: duration('DATABASE_ANSWER_TIMEOUT'),
  allowExitOnIdle: flag(),
  sslMode: {
    variables: ['DATABASE_SSL_MODE'],
    read: (text: string) => text.toLowerCase(),
    check: z.enum(sslModes),
    option: `must be one of ${sslModes.join(', ')}`,
  },
  sslCa: {
    variables: ['DATABASE_SSL_CA'],
    read: (text: string) => text,
    check: z.string().min(1),
    option: 'must be certificates in PEM, or the path of a file of them',
  },
} satisfies Record<string, Setting<unknown>>

export type SettingName = keyof typeof settings
export const allSettings = Object.keys(settings) as SettingName[]
export type SettingsOf<Name extends SettingName> = { [K in Name]?: z.infer<(typeof settings)[K]['check']> }

export function readSettings<Name extends SettingName>(
  names: readonly Name[],
  options: Given,
  env: Environment,
  issues: Issues,
): SettingsOf<Name> {
  const read: Record<string, unknown> = {}
  for (const name of names) {
    const setting: Setting<unknown> = settings[name]
    const variable = setting.variables.find((v) => textOf(env, v) !== undefined)
    const fromOptions = options[name] !== undefined
    const value = fromOptions ? options[name] : variable && setting.read(textOf(env, variable) ?? '')
    if (value === undefined) continue
    const checked = setting.check.safeParse(value)
    if (checked.success) read[name] = checked.data
    else if (fromOptions) issues.add(both(name, setting.variables[0], 'variable'), setting.option)
    else issues.add(both(variable ?? name, name, 'option'), setting.variable ?? setting.option)
  }
  return read as SettingsOf<Name>
}

export const both = (place: string, other: string | undefined, kind: string) =>
  other === undefined ? place : `${place} (${kind} ${other})`

export const textOf = (env: Environment, variable: string) => env[variable]?.trim() || undefined

/** A misspelt option would otherwise be its default in silence. */
export function refuseUnknown(options: Given, known: readonly string[], issues: Issues): void {
  for (const name of Object.keys(options)) {
    if (options[name] !== undefined && !known.includes(name)) issues.add(name, 'is not an option here')
  }
}

export const caRule = 'is needed for verify-ca: without it any certificate of a public authority would do'

/** The PEM text of `sslCa` or of the file that it names. */
export function readCertificates(given: string | undefined, issues: Issues): string | undefined {
  if (given === undefined) return undefined
  // Variables of some platforms hold one line, with the line ends written out.
  const pem = given.includes('-----BEGIN ') ? given.replaceAll('\\n', '\n') : readFile(given)
  if (pem?.includes('-----BEGIN CERTIFICATE-----')) return pem
  return issues.add('sslCa (variable DATABASE_SSL_CA)', settings.sslCa.option)
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
