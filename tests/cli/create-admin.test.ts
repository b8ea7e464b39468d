import { verify } from '@node-rs/argon2'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import * as users from '../../src/repositories/users.js'
import { type FreshDatabase, freshDatabase, test } from '../support.js'
import { cli } from './support.js'

const email = 'root@example.org'
const good = 'correct horse battery'

async function hashOf({ db }: FreshDatabase): Promise<string> {
  const { rows } = await sql<{ password_hash: string }>`select password_hash from ${sql.table('finance.users')}
    where email = ${email}`.execute(db)
  return rows[0]?.password_hash ?? ''
}

describe('finance-db create-admin', { timeout: 60_000 }, () => {
  test('adds an admin with the password from stdin, as an argon2id hash', async () => {
    await using fresh = await freshDatabase()
    const env = { DATABASE_URL: fresh.url }

    const done = await cli(['create-admin', '--email', email, '--password-stdin', '--json'], {
      env,
      input: `${good}\n`,
    })

    expect(done.code).toBe(0)
    expect(JSON.parse(done.stdout)).toMatchObject({ created: true, email, username: 'admin' })
    expect(done.stdout + done.stderr).not.toContain(good)
    expect(await users.findByEmail(fresh.db, email)).toMatchObject({ role: 'admin', is_active: true })
    expect(await hashOf(fresh)).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await verify(await hashOf(fresh), good)).toBe(true)
  })

  test('prints a made password once, and finds the admin there the second time', async () => {
    await using fresh = await freshDatabase()
    const env = { DATABASE_URL: fresh.url, FIRST_SUPERUSER_EMAIL: email }

    const first = await cli(['create-admin', '--generate'], { env })
    const password = /^Password: (\S{24})$/m.exec(first.stdout)?.[1] ?? ''
    const hash = await hashOf(fresh)
    const second = await cli(['create-admin', '--generate'], { env })
    const tolerant = await cli(['create-admin', '--if-missing'], { env })

    expect(first.code).toBe(0)
    expect(await verify(hash, password)).toBe(true)
    expect([second.code, tolerant.code]).toEqual([1, 0])
    expect(second.stdout).toContain('there already')
    expect(second.stdout).not.toContain('Password')
    expect(await hashOf(fresh)).toBe(hash)
  })

  test('refuses known defaults and short passwords from wherever they come, without repeating them', async () => {
    await using fresh = await freshDatabase()
    const env = { DATABASE_URL: fresh.url, FIRST_SUPERUSER_EMAIL: email }
    const withPassword = (password: string) =>
      cli(['create-admin'], { env: { ...env, FIRST_SUPERUSER_PASSWORD: password } })

    const known = await withPassword('admin123')
    const own = await withPassword(email.toUpperCase())
    const short = await withPassword('tQ7-xk2zM1a')
    const stdin = await cli(['create-admin', '--password-stdin'], { env, input: '!changethis!2026' })
    const none = await cli(['create-admin'], { env })

    for (const { code } of [known, own, short, stdin, none]) expect(code).toBe(2)
    expect(known.stderr).toContain('well-known default')
    expect(stdin.stderr).toContain('well-known default')
    expect(short.stderr).toContain('12 characters')
    expect(short.stderr).not.toContain('tQ7')
    expect(none.stderr).toContain('--generate')
    expect(await users.findByEmail(fresh.db, email)).toBeUndefined()

    expect((await withPassword(good)).code).toBe(0)
  })

  test('does not make an admin of someone who is there with another role', async () => {
    await using fresh = await freshDatabase()
    await users.create(fresh.db, { email })

    const refused = await cli(['create-admin', '--email', email, '--generate', '--if-missing'], {
      env: { DATABASE_URL: fresh.url },
    })

    expect(refused.code).toBe(2)
    expect((await users.findByEmail(fresh.db, email))?.role).toBe('consumer')
  })

  test('lets two that start at once add one admin', async () => {
    await using fresh = await freshDatabase()
    const env = { DATABASE_URL: fresh.url, FIRST_SUPERUSER_EMAIL: email, FIRST_SUPERUSER_PASSWORD: good }

    const both = await Promise.all([
      cli(['create-admin', '--if-missing'], { env }),
      cli(['create-admin', '--if-missing'], { env }),
    ])

    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(await verify(await hashOf(fresh), good)).toBe(true)
  })
})
