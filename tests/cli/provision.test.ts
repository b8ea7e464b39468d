import { randomBytes } from 'node:crypto'
import { CompiledQuery } from 'kysely'
import pg from 'pg'
import { describe, expect } from 'vitest'
import { createReadOnlyDb } from '../../src/readonly/index.js'
import { createAccount } from '../people.js'
import { dropRoles, roleNames, urlAs } from '../roles/support.js'
import { execute } from '../server.js'
import { type FreshDatabase, freshDatabase, test } from '../support.js'
import { cli } from './support.js'

const password = 'only for these tests'
const secret = randomBytes(32)

interface Command extends AsyncDisposable {
  readonly fresh: FreshDatabase
  readonly names: ReturnType<typeof roleNames>
  readonly env: Record<string, string>
  readonly named: readonly string[]
  urlOf(kind: 'agent' | 'app'): string
}

/** A migrated database, and names of roles that are there for nobody else. */
async function command(): Promise<Command> {
  const fresh = await freshDatabase()
  const names = roleNames()
  const env = {
    DATABASE_URL: fresh.url,
    FINANCE_AGENT_PASSWORD: password,
    FINANCE_APP_PASSWORD: password,
    FINANCE_SCOPE_KEY: `k1:${secret.toString('base64')}`,
  }
  return {
    fresh,
    names,
    env,
    named: (['app', 'member', 'agent', 'analyst'] as const).flatMap((kind) => [`--${kind}`, names[kind]]),
    urlOf: (kind) => Object.assign(new URL(urlAs(fresh.url, names[kind])), { password }).href,
    async [Symbol.asyncDispose]() {
      await fresh[Symbol.asyncDispose]()
      await dropRoles(Object.values(names))
    },
  }
}

async function rolesThere({ fresh, names }: Command): Promise<string[]> {
  const query = CompiledQuery.raw('select rolname from pg_roles where rolname = any ($1) order by 1', [
    Object.values(names),
  ])
  const { rows } = await fresh.db.executeQuery<{ rolname: string }>(query)
  return rows.map(({ rolname }) => rolname)
}

describe('finance-db provision', { timeout: 120_000 }, () => {
  test('makes roles that log in, once, and mends what was changed by hand', async () => {
    await using made = await command()
    const { fresh, names, env, named, urlOf } = made
    const mine = await createAccount(fresh.db)
    await createAccount(fresh.db)

    const first = await cli(['provision', ...named, '--json'], { env })

    expect(first.stderr).toBe('')
    expect(first.code).toBe(0)
    expect(JSON.parse(first.stdout)).toMatchObject({ refused: [], needsMigration: false })
    for (const hidden of [password, secret.toString('hex'), secret.toString('base64'), 'SCRAM-SHA-256']) {
      expect(first.stdout).not.toContain(hidden)
    }
    expect(await rolesThere(made)).toEqual([names.agent, names.analyst, names.app, names.member].sort())
    {
      await using door = createReadOnlyDb({ connectionString: urlOf('agent'), scopeKey: { id: 'k1', secret } }, {})
      expect((await door.asUser(mine.user_id).query('select id from accounts')).rows).toEqual([{ id: mine.id }])
    }

    expect((await cli(['doctor'], { env })).stdout).toMatch(new RegExp(`policy ${names.agent} on \\d\\d tables`))

    expect(JSON.parse((await cli(['provision', ...named, '--json'], { env })).stdout)).toMatchObject({ done: [] })
    await execute(fresh.url, `grant delete on finance.accounts to ${names.agent}`)
    const mended = await cli(['provision', ...named], { env })
    expect(mended.stdout).toContain(`+ ${names.agent} has its rights on finance.accounts, and no others`)
    expect(mended.stdout).toMatch(/^1 done, \d+ as they should be, 0 refused$/m)
  })

  test('makes the kinds that it is told, in a database without tables as well', async () => {
    await using made = await command()
    const { fresh, names, env } = made
    await execute(fresh.url, 'drop schema finance cascade')

    const done = await cli(['provision', '--only', 'app', '--app', names.app], { env })

    expect(done.code).toBe(0)
    expect(done.stderr).toContain('run finance-db migrate, then this again')
    expect(await rolesThere(made)).toEqual([names.app])
    const app = new pg.Client(made.urlOf('app'))
    await app.connect()
    await app.end()
  })

  test('prints a script without secrets, which does the same, and changes nothing', async () => {
    await using made = await command()
    const { fresh, names, env, named } = made

    const [plain, whole] = await Promise.all([
      cli(['provision', ...named, '--sql'], { env }),
      cli(['provision', ...named, '--sql', '--with-secrets'], { env }),
    ])

    expect([plain.code, whole.code]).toEqual([0, 0])
    expect(await rolesThere(made)).toEqual([])
    expect(plain.stdout).toContain(`create role "${names.agent}"`)
    expect(plain.stdout).not.toMatch(/SCRAM-SHA-256\$/)
    expect(whole.stdout).toMatch(/SCRAM-SHA-256\$/)
    expect(plain.stdout + whole.stdout).not.toContain(password)
    // Lines with a backslash are psql's; the rest is SQL.
    await execute(fresh.url, whole.stdout.replaceAll(/^\\.*$/gm, ''))
    expect(await rolesThere(made)).toHaveLength(4)
    expect((await cli(['provision', ...named, '--sql'], { env })).stdout).toBe('-- All is as it should be.\n')
  })

  test('gives the schema to a migrator, who then is told what the server refused', async () => {
    await using made = await command()
    const { fresh, names, env } = made
    const migrator = ['--migrator', names.migrator]
    const given = await cli(['provision', '--only', 'app', '--app', names.app, ...migrator], {
      env: { ...env, FINANCE_MIGRATOR_PASSWORD: password },
    })
    expect([given.code, given.stderr]).toEqual([0, ''])
    await execute(fresh.url, `alter role ${names.migrator} createrole`)
    const asMigrator = {
      ...env,
      DATABASE_URL: Object.assign(new URL(urlAs(fresh.url, names.migrator)), { password }).href,
    }

    const refused = await cli(['provision', '--only', 'agent', '--agent', names.agent, '--json'], { env: asMigrator })

    expect(refused.code).toBe(3)
    const what = JSON.parse(refused.stdout).refused.map((point: { what: string }) => point.what)
    expect(what).toContain(`${names.agent} has temp_file_limit = 1GB`)
    expect(what).toContain(`${names.agent} has track_activities = off`)
    expect(refused.stdout + refused.stderr).not.toContain(password)
    const less = await cli(['provision', '--only', 'analyst', '--analyst', names.analyst], { env: made.env })
    expect(less.code).toBe(0)

    const stranger = await cli(['provision', '--only', 'analyst'], { env: { ...env, DATABASE_URL: made.urlOf('app') } })
    expect([stranger.code, stranger.stdout]).toEqual([1, ''])
  })

  test('says what is wrong with what it was given, without repeating a secret', async () => {
    await using made = await command()
    const short = 'hunter22'
    const outcomes = await Promise.all([
      cli(['provision', '--only', 'nobody'], { env: made.env }),
      cli(['provision'], { env: { ...made.env, FINANCE_SCOPE_KEY: 'k1:c2hvcnQ' } }),
      cli(['provision', ...made.named], { env: { ...made.env, FINANCE_AGENT_PASSWORD: short } }),
      cli(['provision', '--app', 'same', '--agent', 'same'], { env: made.env }),
    ])

    expect(outcomes.map(({ code }) => code)).toEqual([2, 2, 2, 2])
    expect(outcomes[0]?.stderr).toContain('nobody is not a kind of role')
    expect(outcomes[1]?.stderr).toContain('FINANCE_SCOPE_KEY')
    expect(outcomes[2]?.stderr).toContain('12 to 200 characters')
    expect(outcomes[3]?.stderr).toContain('the name of another role')
    expect(outcomes.map(({ stderr }) => stderr).join()).not.toMatch(/hunter22|c2hvcnQ/)
    expect(await rolesThere(made)).toEqual([])
  })
})
