import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import {
  accounts,
  ConflictError,
  InvalidCursorError,
  InvalidInputError,
  NotFoundError,
  StillReferencedError,
  users,
} from '../../src/index.js'
import { createAccount, createUser, newUser } from '../people.js'
import { test } from '../support.js'

const nobody = '00000000-0000-7000-8000-000000000000'
const hash = '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA'

describe('users', () => {
  test('needs only an email', async ({ db }) => {
    const user = await users.create(db, { email: 'Ada@Example.org' })

    expect(user).toMatchObject({ email: 'Ada@Example.org', role: 'consumer', is_active: true, username: null })
    expect(user.created_at).toBeInstanceOf(Date)
    expect(await users.get(db, user.id)).toEqual(user)
  })

  test('never gives the password hash away', async ({ db }) => {
    const user = await createUser(db, { password_hash: hash })

    expect(user).not.toHaveProperty('password_hash')
    expect(await users.get(db, user.id)).not.toHaveProperty('password_hash')
    expect((await users.list(db)).rows[0]).not.toHaveProperty('password_hash')
    const stored = await db.selectFrom('finance.users').select('password_hash').executeTakeFirstOrThrow()
    expect(stored.password_hash).toBe(hash)
  })

  test('refuses a password where a hash belongs', async ({ db }) => {
    await expect(createUser(db, { password_hash: 'hunter2' })).rejects.toThrow(
      /password_hash: give an argon2id or bcrypt hash/,
    )
  })

  test('finds by email and username however they are spelled', async ({ db }) => {
    const user = await createUser(db, { email: 'grace@example.org', username: 'Grace' })

    expect(await users.findByEmail(db, 'GRACE@example.ORG')).toEqual(user)
    expect(await users.findByUsername(db, 'grace')).toEqual(user)
    expect(await users.findByEmail(db, 'other@example.org')).toBeUndefined()
  })

  test('finds by the subject of an identity provider', async ({ db }) => {
    const user = await createUser(db, { external_auth_id: 'us-east-1:1234' })

    expect(await users.findByExternalAuthId(db, 'us-east-1:1234')).toEqual(user)
  })

  test('refuses an email that differs only in case, without showing it', async ({ db }) => {
    await createUser(db, { email: 'same@example.org' })

    const error = await createUser(db, { email: 'SAME@example.org' }).catch((e: unknown) => e)

    expect(error).toBeInstanceOf(ConflictError)
    expect(error).toMatchObject({
      code: 'CONFLICT',
      constraint: 'users_email_key',
      message: 'Another user has this email.',
    })
  })

  test('names every problem of an input at once, before anything is written', async ({ db }) => {
    const error = await users
      .create(db, { email: 'nobody', role: 'boss' as never, nickname: 'x' } as never)
      .catch((e: unknown) => e)

    expect(error).toBeInstanceOf(InvalidInputError)
    expect((error as InvalidInputError).issues.map(({ path }) => path).sort()).toEqual(['', 'email', 'role'])
    expect((await users.list(db)).rows).toEqual([])
  })

  test('refuses text that Postgres cannot hold', async ({ db }) => {
    await expect(createUser(db, { first_name: 'a\0b' })).rejects.toThrow(InvalidInputError)
    await expect(createUser(db, { first_name: '\ud800' })).rejects.toThrow(InvalidInputError)
  })

  test('takes an address with any sign that a browser takes, and none that mail does not', async ({ db }) => {
    for (const email of ['o&m@example.org', "o'brien#1@example.org", 'a/b=c@example.org', 'ivan@example.xn--p1ai']) {
      expect((await users.create(db, { email })).email).toBe(email)
    }
    for (const email of ['two@at@example.org', 'a b@example.org', '@example.org', 'a@', 'a@-b.org', 'ı@example.org']) {
      await expect(users.create(db, { email })).rejects.toThrow(InvalidInputError)
    }
  })

  test('says of an id from outside that it is none, without showing it', async ({ db }) => {
    for (const call of [() => users.get(db, 'me'), () => users.update(db, 'me', { first_name: 'Ada' })]) {
      await expect(call()).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: 'The input is not valid: an id is not a UUID',
      })
    }
  })

  test('creates many, all or none', async ({ db }) => {
    const created = await users.createMany(db, [newUser(), newUser(), newUser()])
    expect((await users.list(db)).rows.map(({ id }) => id).sort()).toEqual(created.map(({ id }) => id).sort())

    const taken = created[0]?.email ?? ''
    await expect(users.createMany(db, [newUser(), { email: taken }])).rejects.toThrow(ConflictError)

    expect((await users.list(db)).rows).toHaveLength(3)
  })

  test('lists newest first, page by page, without losing or repeating anyone', async ({ db }) => {
    const created: string[] = []
    for (let i = 0; i < 5; i++) created.push((await createUser(db)).id)

    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await users.list(db, {}, { limit: 2, after })
      seen.push(...page.rows.map(({ id }) => id))
      after = page.next ?? undefined
    } while (after !== undefined)

    expect(seen).toEqual(created.reverse())
  })

  test('filters by role and activity', async ({ db }) => {
    await createUser(db)
    const admin = await createUser(db, { role: 'admin', is_active: false })

    expect((await users.list(db, { role: 'admin' })).rows).toEqual([admin])
    expect((await users.list(db, { is_active: false })).rows).toEqual([admin])
    expect((await users.list(db, { role: 'operator' })).rows).toEqual([])
  })

  test('refuses a cursor that it did not make', async ({ db }) => {
    await expect(users.list(db, {}, { after: 'nonsense' })).rejects.toThrow(InvalidCursorError)
    await expect(users.list(db, {}, { limit: 0 })).rejects.toThrow(InvalidInputError)
  })

  test('changes what is given and leaves the rest', async ({ db }) => {
    const user = await createUser(db, { first_name: 'Ada', last_name: 'Byron' })

    const changed = await users.update(db, user.id, { last_name: 'Lovelace', financial_goals: null })

    expect(changed).toMatchObject({ first_name: 'Ada', last_name: 'Lovelace' })
    expect(await users.update(db, user.id, {})).toEqual(changed)
    await expect(users.update(db, nobody, { first_name: 'x' })).rejects.toThrow(NotFoundError)
  })

  test('keeps updated_at whatever the writer says', async ({ db }) => {
    const { id } = await createUser(db)
    const long = new Date('2001-01-01')

    await db.updateTable('finance.users').set({ updated_at: long }).where('id', '=', id).execute()

    expect((await users.get(db, id)).updated_at.getTime()).toBeGreaterThan(long.getTime())
  })

  test('removes a person without money and refuses one with', async ({ db }) => {
    const { id } = await createUser(db)
    const account = await createAccount(db, { user_id: id })

    await expect(users.remove(db, id)).rejects.toThrow(StillReferencedError)
    await accounts.remove(db, id, account.id)
    await users.remove(db, id)

    expect(await users.find(db, id)).toBeUndefined()
    await expect(users.remove(db, id)).rejects.toThrow(NotFoundError)
  })

  test('makes ids that sort by time', async ({ db }) => {
    const { rows } = await sql<{ id: string }>`
      select ${sql.table('finance.uuid_v7')}() as id from generate_series(1, 500)`.execute(db)
    const ids = rows.map(({ id }) => id)

    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
      true,
    )
    const milliseconds = Number.parseInt((ids[0] ?? '').replace('-', '').slice(0, 12), 16)
    expect(Math.abs(milliseconds - Date.now())).toBeLessThan(60_000)
    const times = ids.map((id) => id.slice(0, 18))
    expect(times).toEqual([...times].sort())
  })
})
