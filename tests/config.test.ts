import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  lambdaPreset,
  loadConfig,
  resolveHandle,
  resolvePool,
  resolveSchema,
  resolveServer,
  type ServerConfig,
} from '../src/config.js'
import type { Target } from '../src/connection/target.js'
import { InvalidConfigError } from '../src/errors.js'

const url = 'postgresql://ada:pw@db.example:6543/money'

function targetOf(config: ServerConfig): Target {
  if (typeof config.target === 'function') throw new Error('the target is only known later')
  return config.target
}

function issuesOf(run: () => unknown): Record<string, string> {
  try {
    run()
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error
    return Object.fromEntries(error.issues.map(({ path, message }) => [path, message]))
  }
  throw new Error('nothing was refused')
}

describe('the environment', () => {
  test('needs only DATABASE_URL, and has the documented defaults', () => {
    const config = loadConfig({ DATABASE_URL: url })

    expect(config).toMatchObject({
      schema: 'finance',
      echo: false,
      poolSize: 20,
      maxOverflow: 30,
      minSize: 20,
      acquireTimeoutMs: 30_000,
      idleTimeoutMs: 10_000,
      maxLifetimeMs: 3_600_000,
      prePing: true,
      sslMode: 'prefer',
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 60_000,
      idleTransactionTimeoutMs: 60_000,
      answerTimeoutMs: 0,
      allowExitOnIdle: false,
      preparedStatements: true,
      target: { host: 'db.example', port: 6543, user: 'ada', database: 'money' },
    })
    expect(targetOf(config).password).toBe('pw')
  })

  test('reads every variable in its unit', () => {
    const config = loadConfig({
      DATABASE_URL: url,
      DATABASE_POOL_SIZE: '5',
      DATABASE_MAX_OVERFLOW: '0',
      DATABASE_POOL_TIMEOUT: '1.5',
      DATABASE_POOL_RECYCLE: '-1',
      DATABASE_POOL_PRE_PING: 'No',
      DB_ECHO: 'True',
      DATABASE_SSL_MODE: 'REQUIRE',
      DATABASE_CONNECT_TIMEOUT: '3',
      DATABASE_COMMAND_TIMEOUT: '0',
      DATABASE_IDLE_TRANSACTION_TIMEOUT: '7',
      DATABASE_ANSWER_TIMEOUT: '90',
      DATABASE_PREPARED_STATEMENTS: '0',
      FINANCE_DB_SCHEMA: 'money',
    })

    expect(config).toMatchObject({
      poolSize: 5,
      maxOverflow: 0,
      minSize: 5,
      acquireTimeoutMs: 1500,
      maxLifetimeMs: 0,
      prePing: false,
      echo: true,
      sslMode: 'require',
      connectTimeoutMs: 3000,
      statementTimeoutMs: 0,
      idleTransactionTimeoutMs: 7000,
      answerTimeoutMs: 90_000,
      preparedStatements: false,
      schema: 'money',
    })
    expect(loadConfig({ DATABASE_URL: url, DATABASE_POOL_RECYCLE: '600' }).maxLifetimeMs).toBe(600_000)
  })

  test.each(['none', 'cutoff', 'yesterday', 'upon', '10'])('takes %s for neither yes nor no', (DATABASE_ECHO) => {
    expect(issuesOf(() => loadConfig({ DATABASE_URL: url, DATABASE_ECHO }))).toEqual({
      'DATABASE_ECHO (option echo)': 'must be true or false',
    })
  })

  test.each([
    'postgresql+asyncpg://ada:pw@db.example:6543/money',
    'postgresql+psycopg2://ada:pw@db.example:6543/money',
    'postgres://ada:pw@db.example:6543/money',
  ])('takes %s', (DATABASE_URL) => {
    expect(targetOf(loadConfig({ DATABASE_URL }))).toMatchObject({ host: 'db.example', port: 6543, user: 'ada' })
  })

  test('takes the parts, with any character in the password', () => {
    const password = ` p@ss:/w#rd?%20"' `

    const config = loadConfig({
      POSTGRES_USER: 'ada',
      POSTGRES_PASSWORD: password,
      POSTGRES_SERVER: 'db.example',
      POSTGRES_PORT: '6543',
      POSTGRES_DB: 'money',
    })

    expect(targetOf(config)).toMatchObject({ host: 'db.example', port: 6543, user: 'ada', database: 'money' })
    expect(targetOf(config).password).toBe(password)
  })

  test('prefers DATABASE_URL to the parts', () => {
    const config = loadConfig({ DATABASE_URL: url, POSTGRES_HOST: 'elsewhere', POSTGRES_PORT: 'not a port' })

    expect(targetOf(config).host).toBe('db.example')
  })

  test('counts an empty variable as not set', () => {
    for (const DATABASE_POOL_SIZE of ['', ' '])
      expect(loadConfig({ DATABASE_URL: url, DATABASE_POOL_SIZE }).poolSize).toBe(20)
  })

  test('tells all that is wrong at once, naming variable and option and no value', () => {
    const run = () =>
      loadConfig({
        DATABASE_URL: 'postgresql://ada:hunter2@db.example:notaport/money',
        DATABASE_POOL_SIZE: 'hunter2',
        DATABASE_POOL_TIMEOUT: '-5',
        DATABASE_POOL_PRE_PING: 'perhaps',
        DATABASE_SSL_MODE: 'hunter2',
        FINANCE_DB_SCHEMA: 'pg_hunter2',
      })

    const issues = issuesOf(run)

    expect(Object.keys(issues).sort()).toEqual([
      'DATABASE_POOL_PRE_PING (option prePing)',
      'DATABASE_POOL_SIZE (option poolSize)',
      'DATABASE_POOL_TIMEOUT (option acquireTimeoutMs)',
      'DATABASE_SSL_MODE (option sslMode)',
      'DATABASE_URL (option connectionString)',
      'FINANCE_DB_SCHEMA (option schema)',
    ])
    expect(JSON.stringify(issues)).not.toContain('hunter2')
    expect(run).toThrow(
      /DATABASE_POOL_TIMEOUT \(option acquireTimeoutMs\): must be a number of seconds, 0 to 2147483\b/,
    )
  })

  test.each([
    'mysql://ada:hunter2@db/money',
    'ada:hunter2@db/money',
    'postgresql://ada:hun%ter2@db/money',
    'postgresql://ada:hunter2@db:99999999/money',
    'postgresql://ada:hunter2@db/money?sslmode=hunter2',
    'postgresql://ada:hunter2@host with spaces/money',
  ])('refuses a malformed URL without showing it (%#)', (DATABASE_URL) => {
    let caught: unknown
    try {
      loadConfig({ DATABASE_URL })
    } catch (error) {
      caught = error
    }

    expect(caught).toBeInstanceOf(InvalidConfigError)
    expect(inspect(caught, { depth: 10, showHidden: true })).not.toMatch(/hunter2|hun%ter2/)
  })

  test('says what to set when nothing is', () => {
    expect(issuesOf(() => loadConfig({}))).toHaveProperty('DATABASE_URL (option connectionString)')
    expect(issuesOf(() => loadConfig({ POSTGRES_HOST: 'db' }))).toHaveProperty('POSTGRES_USER (option user)')
  })

  test('does not show the password when it is printed', () => {
    const config = loadConfig({ DATABASE_URL: 'postgresql://ada:hunter2@db/money' })

    expect(inspect(config, { depth: 5 }) + JSON.stringify(config)).not.toContain('hunter2')
  })
})

describe('a connection string', () => {
  const parse = (connectionString: string) => targetOf(resolveServer({ connectionString }, {}))

  test('decodes its parts', () => {
    expect(parse('postgresql://a%40b:p%2Fw@h/my%20db').database).toBe('my db')
    expect(parse('postgresql://a%40b:p%2Fw@h/my%20db').password).toBe('p/w')
    expect(parse('postgresql://a%40b:p%2Fw@h/my%20db').user).toBe('a@b')
  })

  test.each(['p@ss/w', 'p@s?w', 'p@s#w', '12/pw', '12?pw', '12#pw'])(
    'takes no part of the password %s for a host',
    (password) => {
      expect(() => parse(`postgresql://ada:${password}@db.example/money`)).toThrow(
        /percent-encode "\/", "\?", "#" and "@"/,
      )
    },
  )

  test('may name a Unix socket, an IPv6 address, or nothing but a database', () => {
    expect(parse('postgresql:///money?host=/var/run/postgresql')).toMatchObject({
      host: '/var/run/postgresql',
      database: 'money',
    })
    expect(parse('postgresql://ada:pw@/money?host=/tmp').user).toBe('ada')
    expect(parse('postgresql://ada@[::1]:6000/money')).toMatchObject({ host: '::1', port: 6000 })
    expect(parse('postgresql:///money')).toMatchObject({ host: 'localhost', port: 5432 })
  })

  test('sets the TLS mode: below an option, above a variable', () => {
    const connectionString = 'postgresql://ada@h/money?sslmode=require'
    const env = { DATABASE_SSL_MODE: 'disable' }

    expect(resolveServer({ connectionString }, env).sslMode).toBe('require')
    expect(resolveServer({ connectionString, sslMode: 'verify-full' }, env).sslMode).toBe('verify-full')
    expect(resolveServer({ connectionString: 'postgresql://ada@h/money' }, env).sslMode).toBe('disable')
  })

  test.each([
    ['ssl=true', 'verify-full'],
    ['ssl=require', 'require'],
    ['sslmode=no-verify', 'require'],
    ['ssl=0', 'disable'],
  ])('reads %s, as other drivers spell it, as %s', (parameter, mode) => {
    expect(resolveServer({ connectionString: `postgresql://ada@h/money?${parameter}` }, {}).sslMode).toBe(mode)
  })

  test('turns prepared statements off when it says that PgBouncer is in front', () => {
    const connectionString = 'postgresql://ada@h/money?pgbouncer=true'

    expect(resolveServer({ connectionString }, {}).preparedStatements).toBe(false)
    expect(resolveServer({ connectionString, preparedStatements: true }, {}).preparedStatements).toBe(true)
  })
})

describe('options', () => {
  test('win over the environment', () => {
    const config = resolveServer({ connectionString: url, poolSize: 3 }, { DATABASE_POOL_SIZE: '7' })

    expect(config.poolSize).toBe(3)
  })

  test('override parts of the connection string', () => {
    const target = targetOf(resolveServer({ connectionString: url, user: 'iam', password: 'token' }, {}))

    expect(target).toMatchObject({ host: 'db.example', user: 'iam' })
    expect(target.password).toBe('token')
  })

  test('are refused when misspelt, wrong or too large for a timer', () => {
    const wrong = { maxOverflow: 1.5, acquireTimeoutMs: 3e9, prePing: 'yes', minSize: -1 }
    const options = { connectionString: url, poolsize: 3, ...wrong }

    expect(Object.keys(issuesOf(() => resolveServer(options, {}))).sort()).toEqual([
      'acquireTimeoutMs (variable DATABASE_POOL_TIMEOUT)',
      'maxOverflow (variable DATABASE_MAX_OVERFLOW)',
      'minSize',
      'poolsize',
      'prePing (variable DATABASE_POOL_PRE_PING)',
    ])
  })

  test('for what a host brings are few, with the same defaults', () => {
    const log = () => undefined
    const common = { schema: 'finance', echo: false, acquireTimeoutMs: 30_000 }
    expect(resolveHandle({ pglite: {}, log }, {})).toMatchObject(common)
    expect(resolvePool({ pool: {}, log }, {})).toMatchObject({ ...common, preparedStatements: true, prePing: true })
    expect(resolveSchema({ kysely: {} }, {})).toBe('finance')

    const handle = { schema: 'money', echo: true, acquireTimeoutMs: 5 }
    const use = { schema: 'money', echo: true, preparedStatements: false, prePing: false }
    expect(resolveHandle({ pglite: {}, ...handle }, {})).toMatchObject(handle)
    expect(resolvePool({ pool: {}, ...use }, {})).toMatchObject(use)
    expect(resolveSchema({ kysely: {} }, { FINANCE_DB_SCHEMA: 'money' })).toBe('money')
    for (const run of [
      () => resolveHandle({ pglite: {}, poolSize: 3 }, {}),
      () => resolvePool({ pool: {}, poolSize: 3 }, {}),
      () => resolveSchema({ kysely: {}, poolSize: 3 }, {}),
    ])
      expect(issuesOf(run)).toEqual({ poolSize: 'is not an option here' })
  })

  test('of the Lambda preset make a pool of one that keeps nothing', () => {
    const config = resolveServer({ ...lambdaPreset, connectionString: url }, {})

    expect(config).toMatchObject({ poolSize: 1, maxOverflow: 0, minSize: 0, allowExitOnIdle: true })
  })
})

describe('a certificate authority', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

  test('is PEM, PEM in one line, or a path', () => {
    const directory = mkdtempSync(join(tmpdir(), 'finance-db-config-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 'ca.pem')
    writeFileSync(path, pem)

    for (const DATABASE_SSL_CA of [pem, pem.replaceAll('\n', '\\n'), path]) {
      expect(loadConfig({ DATABASE_URL: url, DATABASE_SSL_CA }).sslCa?.trim()).toBe(pem.trim())
    }
  })

  test('is refused when it cannot be read', () => {
    const issues = issuesOf(() => loadConfig({ DATABASE_URL: url, DATABASE_SSL_CA: '/nowhere/ca.pem' }))

    expect(issues).toHaveProperty('sslCa (variable DATABASE_SSL_CA)')
  })

  test('is needed for verify-ca', () => {
    const issues = issuesOf(() => loadConfig({ DATABASE_URL: url, DATABASE_SSL_MODE: 'verify-ca' }))

    expect(issues).toHaveProperty('sslCa (variable DATABASE_SSL_CA)')
  })
})
