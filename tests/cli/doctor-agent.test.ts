import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Battlefield, battlefield } from '../readonly/battlefield.js'
import { execute } from '../server.js'
import { cli } from './support.js'

describe('finance-db doctor --agent', { timeout: 300_000 }, () => {
  let field: Battlefield
  let env: Record<string, string>
  beforeAll(async () => {
    field = await battlefield()
    env = {
      DATABASE_URL: field.ownerUrl,
      READONLY_DATABASE_URL: field.agentUrl,
      FINANCE_SCOPE_KEY: `${field.key.id}:${Buffer.from(field.key.secret).toString('base64')}`,
    }
  }, 120_000)
  afterAll(() => field?.[Symbol.asyncDispose]())

  test('finds that a provisioned role holds, says by what, and leaves nothing behind', async () => {
    const before = await field.watch.state()

    const { code, stdout, stderr } = await cli(['doctor', '--agent', '--canaries', '--json'], { env })

    expect(stderr).toBe('')
    expect(code).toBe(0)
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({ ok: true, canaries: true, refused: [], role: { role: field.role, fit: true } })
    for (const found of [...report.guard_on, ...report.guard_off]) expect(found.breaches).toEqual([])
    expect(report.guard_on.find((found: { attack: string }) => found.attack === 'stacked').held_by).toHaveProperty(
      'statement',
    )
    const weak = report.guard_off.filter((found: { known_weakness?: string }) => found.known_weakness !== undefined)
    expect(weak.length).toBeGreaterThan(3)
    expect(stdout).not.toContain(field.key.secret.toString())
    expect(withoutAudit(await field.watch.state())).toBe(withoutAudit(before))
  })

  test('finds that it holds for nobody who is there, too', async () => {
    const { code, stdout } = await cli(['doctor', '--agent'], { env: { ...env, ...apart(field.agentUrl) } })

    expect(stdout).not.toContain('✗')
    expect(stdout).not.toContain('BREACHED')
    expect(code).toBe(0)
  })

  test('says what is wrong with a role that could write, and what mends it', async () => {
    await execute(
      field.ownerUrl,
      `grant insert on finance.insights to ${field.role}`,
      `alter role ${field.role} createdb`,
    )

    // A variable that is empty is one that is not set.
    const { code, stdout } = await cli(['doctor', '--agent'], { env: { ...env, FINANCE_DB_SCHEMA: '' } })

    await execute(
      field.ownerUrl,
      `revoke insert on finance.insights from ${field.role}`,
      `alter role ${field.role} nocreatedb`,
    )
    expect(code).toBe(3)
    expect(stdout).toContain('It may insert insights.')
    expect(stdout).toContain(`alter role "${field.role}" nocreatedb;`)
    expect(stdout).toContain(`finance-db provision --only agent --agent '${field.role}' --sql`)
    expect(stdout).toContain('is not fit for the read-only door')
  })

  test('does not list all that a superuser may', async () => {
    const { code, stdout } = await cli(['doctor', '--agent'], {
      env: { ...env, READONLY_DATABASE_URL: field.ownerUrl },
    })

    expect(code).toBe(3)
    expect(stdout).toMatch(/And [\d,]+ findings more: --json has them\./)
    expect(stdout.split('\n').length).toBeLessThan(60)
    expect(stdout).not.toContain('nosuperuser')
    expect(stdout).toContain('is a superuser: log in as a role that finance-db provision made')
  })

  test('says what it needs', async () => {
    const { FINANCE_SCOPE_KEY: _, ...keyless } = env
    const outcomes = await Promise.all([
      cli(['doctor', '--agent'], { env: { DATABASE_URL: field.ownerUrl } }),
      cli(['doctor', '--agent'], { env: keyless }),
    ])

    expect(outcomes.map(({ code }) => code)).toEqual([2, 2])
    expect(outcomes[0]?.stderr).toContain('READONLY_DATABASE_URL')
    expect(outcomes[1]?.stderr).toContain('FINANCE_SCOPE_KEY')
  })
})

/** The same place by the variables that take a URL apart. */
function apart(agentUrl: string): Record<string, string> {
  const { username, password, hostname, port, pathname } = new URL(agentUrl)
  return {
    READONLY_DATABASE_URL: '',
    POSTGRES_READONLY_USER: username,
    POSTGRES_READONLY_PASSWORD: password,
    POSTGRES_HOST: hostname,
    POSTGRES_PORT: port,
    POSTGRES_DB: pathname.slice(1),
  }
}

/** The audit log is append-only: it keeps what was planted. */
function withoutAudit(state: string): string {
  const [tables, objects] = JSON.parse(state) as [{ table: string }[], unknown]
  return JSON.stringify([tables.filter(({ table }) => !/audit_(log|seals)$/.test(table)), objects])
}
