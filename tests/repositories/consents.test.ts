import { describe, expect } from 'vitest'
import { consents, InvalidInputError, MissingReferenceError, NotFoundError, transaction } from '../../src/index.js'
import { createUser } from '../people.js'
import { freshDatabase, test } from '../support.js'

describe('consents', () => {
  test('stand from the grant until they are taken back, and stay in the history', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    expect(await consents.current(db, user_id)).toBeUndefined()

    const granted = await consents.grant(db, { user_id, ip_address: '2001:db8::1' })
    expect(granted).toMatchObject({ version: '1.0', ip_address: '2001:db8::1', revoked_at: null })
    expect(granted.granted_at).toBeInstanceOf(Date)
    expect(await consents.current(db, user_id)).toEqual(granted)

    const revoked = await consents.revoke(db, user_id)
    expect(revoked).toMatchObject({ id: granted.id, revoked_at: expect.any(Date) })
    expect(await consents.current(db, user_id)).toBeUndefined()
    await expect(consents.revoke(db, user_id)).rejects.toThrow(NotFoundError)

    const again = await consents.grant(db, { user_id })
    expect(again.id).not.toBe(granted.id)
    expect((await consents.list(db, user_id)).rows).toEqual([again, revoked])
  })

  test('to the same version are granted once', async ({ db }) => {
    const { id: user_id } = await createUser(db)

    const first = await consents.grant(db, { user_id, version: '2.0', ip_address: '192.0.2.1' })
    const second = await consents.grant(db, { user_id, version: '2.0', ip_address: '192.0.2.2' })

    expect(second).toEqual(first)
    expect((await consents.list(db, user_id)).rows).toEqual([first])
  })

  test('to another version take the place of the one that stands, so that taking back leaves none', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const first = await consents.grant(db, { user_id, version: '1.0' })

    const second = await consents.grant(db, { user_id, version: '2.0' })

    expect(await consents.current(db, user_id)).toEqual(second)
    const { rows } = await consents.list(db, user_id)
    expect(rows.map(({ id, revoked_at }) => [id, revoked_at])).toEqual([
      [second.id, null],
      [first.id, second.granted_at],
    ])
    await consents.revoke(db, user_id)
    expect(await consents.current(db, user_id)).toBeUndefined()
  })

  test.for([
    ['1.10', '1.9', true],
    ['1.9', '1.10', false],
    ['2', '2.0', true],
    ['2.0', '2', true],
    ['10', '1', true],
    ['1.0.1', '1', true],
    ['2026-03-01', '2026-02-15', true],
    ['2026-02-15', '2026-03-01', false],
    ['spring', 'spring', true],
    ['spring', 'autumn', false],
    ['spring', '1', false],
    ['1', 'spring', false],
    ['1.', '0', false],
  ] as const)('to version %s count for at least %s: %s', async ([version, least, counts], { db }) => {
    const { id: user_id } = await createUser(db)
    const granted = await consents.grant(db, { user_id, version })

    expect(await consents.current(db, user_id, { version: least })).toEqual(counts ? granted : undefined)
  })

  test('are of one person only', async ({ db }) => {
    const [one, other] = [await createUser(db), await createUser(db)]
    await consents.grant(db, { user_id: one.id, version: '1.0' })

    const theirs = await consents.grant(db, { user_id: other.id, version: '2.0' })
    await consents.revoke(db, one.id)

    expect(await consents.current(db, other.id)).toEqual(theirs)
    expect((await consents.list(db, one.id)).rows).toHaveLength(1)
  })

  test('are listed newest first, page by page, by version and by whether they stand', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    for (const version of ['1.0', '2.0', '1.0']) await consents.grant(db, { user_id, version })

    const page = await consents.list(db, user_id, {}, { limit: 2 })
    const rest = await consents.list(db, user_id, {}, { limit: 2, after: page.next ?? undefined })

    expect([...page.rows, ...rest.rows].map(({ version }) => version)).toEqual(['1.0', '2.0', '1.0'])
    expect(rest.next).toBeNull()
    expect((await consents.list(db, user_id, { standing: true })).rows).toEqual([page.rows[0]])
    expect((await consents.list(db, user_id, { standing: false })).rows).toEqual([page.rows[1], rest.rows[0]])
    expect((await consents.list(db, user_id, { version: '2.0' })).rows).toEqual([page.rows[1]])
  })

  test('that were asked for and not given do not stand', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    await db.insertInto('finance.consent_records').values({ user_id }).execute()

    expect(await consents.current(db, user_id)).toBeUndefined()
    await expect(consents.revoke(db, user_id)).rejects.toThrow(NotFoundError)
    expect((await consents.list(db, user_id, { standing: false })).rows).toHaveLength(1)
  })

  test.for(['256.1.1.1', '192.0.2.1:443', 'fe80::1%eth0', '1::2::3', '', 'localhost'])(
    'refuse the address %s',
    async (ip_address, { db }) => {
      const { id: user_id } = await createUser(db)

      const refused = await consents.grant(db, { user_id, ip_address }).catch((error: unknown) => error)

      expect(refused).toBeInstanceOf(InvalidInputError)
      expect(refused).toMatchObject({ issues: [{ path: 'ip_address' }] })
    },
  )

  test.for(['192.0.2.1', '::ffff:192.0.2.1', '2001:DB8::A', '::'])(
    'take the address %s',
    async (ip_address, { db }) => {
      const { id: user_id } = await createUser(db)

      expect(await consents.grant(db, { user_id, ip_address })).toMatchObject({ ip_address })
    },
  )

  test('of a user who is not there are refused', async ({ db }) => {
    await expect(consents.grant(db, { user_id: crypto.randomUUID() })).rejects.toThrow(MissingReferenceError)
  })

  test('granted at once, to any versions, leave one that stands', async () => {
    await using fresh = await freshDatabase()
    const { id: user_id } = await createUser(fresh.db)

    for (let round = 0; round < 10; round++) {
      const grants = await Promise.all(
        ['1.0', '2.0', '1.0', '3.0', '2.0'].map((version) => consents.grant(fresh.db, { user_id, version })),
      )

      const { rows } = await consents.list(fresh.db, user_id, { standing: true })
      expect(rows).toHaveLength(1)
      expect(grants.map(({ id }) => id)).toContain(rows[0]?.id)
    }
  })

  test('can be taken back while another version is being granted', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { id: user_id } = await createUser(db)
    await consents.grant(db, { user_id, version: '1.0' })
    let revoking: Promise<unknown> = Promise.resolve()

    const second = await transaction(db, async (trx) => {
      const granted = await consents.grant(trx, { user_id, version: '2.0' })
      revoking = consents.revoke(db, user_id)
      await new Promise((resolve) => setTimeout(resolve, 200)) // until it waits for the row
      return granted
    })

    expect(await revoking).toMatchObject({ id: second.id })
    expect(await consents.current(db, user_id)).toBeUndefined()
  })

  test('can be taken back by a transaction that began before they were given', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { id: user_id } = await createUser(db)

    const revoked = await transaction(db, async (trx) => {
      await consents.current(trx, user_id)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await consents.grant(db, { user_id })
      return consents.revoke(trx, user_id)
    })

    expect(revoked.revoked_at).toEqual(revoked.granted_at)
  })
})
