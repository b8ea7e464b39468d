import { sql } from 'kysely'
import { describe, expect, test as plain } from 'vitest'
import type { Account, Db, NewCard, SecretKeys } from '../../src/index.js'
import {
  ConflictError,
  cards,
  createFinanceDb,
  DecryptionError,
  InvalidInputError,
  MissingReferenceError,
  migrate,
  NotFoundError,
  RuleViolationError,
} from '../../src/index.js'
import { emptyPGlite } from '../empty-pglite.js'
import { createAccount, createUser } from '../people.js'
import { freshDatabase, test } from '../support.js'

const nobody = '00000000-0000-7000-8000-000000000000'
const made = { count: 0 }

/** Keys k1, k2, … of the test; `without` takes some away. */
function keysOf(current: string, over: Partial<SecretKeys> & { without?: string[] } = {}): SecretKeys {
  const { without = [], ...rest } = over
  return {
    current,
    fingerprint: 'f1',
    get: async (id) => (without.includes(id) ? undefined : Buffer.alloc(32, id)),
    ...rest,
  }
}

const keys = keysOf('k1')

function newCard(account: Account, overrides: Partial<NewCard> = {}): NewCard {
  return {
    user_id: account.user_id,
    account_id: account.id,
    brand: 'visa',
    last4: '1111',
    exp_month: 6,
    exp_year: 2031,
    token: `tok_${++made.count}`,
    ...overrides,
  }
}

const createCard = async (db: Db, overrides: Partial<NewCard> = {}, by = keys) =>
  cards.create(db, by, newCard(await createAccount(db), overrides))

const keyIds = async (db: Db) =>
  (
    await db
      .selectFrom('finance.cards')
      .select(sql<string>`split_part(token, '.', 2)`.as('key'))
      .orderBy('user_id')
      .orderBy('id')
      .execute()
  ).map(({ key }) => key)

describe('cards', () => {
  test('give the token back to who asks for it, and to no other read', async ({ db }) => {
    const account = await createAccount(db)
    const card = await cards.create(db, keys, newCard(account, { token: 'tok_secret' }))
    const { user_id, id } = card

    const reads = [
      card,
      await cards.get(db, user_id, id),
      await cards.find(db, user_id, id),
      ...(await cards.list(db, user_id)).rows,
      ...(await cards.expiring(db, user_id, { before: '2100-01-01' })),
      await cards.update(db, user_id, id, { brand: 'visa' }),
      await cards.update(db, user_id, id, {}),
      await cards.freeze(db, user_id, id),
      await cards.unfreeze(db, user_id, id),
    ]

    expect(await cards.token(db, keys, user_id, id)).toBe('tok_secret')
    expect(reads).toHaveLength(9)
    for (const read of reads) {
      expect(read).toMatchObject({ id, brand: 'visa', last4: '1111', exp_month: 6, exp_year: 2031 })
      expect(Object.keys(read as object).filter((name) => name.startsWith('token'))).toEqual([])
    }
  })

  test('hold neither the token nor anything it could be guessed by', async ({ db }) => {
    await createCard(db, { token: 'tok_secret' })

    const { rows } = await sql<{ row: string }>`select c::text as row from finance.cards c`.execute(db)

    expect(rows).toHaveLength(1)
    expect(rows[0]?.row).not.toContain('tok_secret')
    expect(rows[0]?.row).not.toContain(Buffer.from('tok_secret').toString('base64url'))
  })

  test.for([['4111111111111111'], ['4111 1111 1111 1111'], ['378282246310005'], ['']])(
    'refuse the token "%s"',
    async ([token], { db }) => {
      await expect(createCard(db, { token: token as string })).rejects.toThrow(InvalidInputError)
    },
  )

  test('refuse a token that is not encrypted, whoever writes it', async ({ db }) => {
    const { user_id, id } = await createCard(db)

    for (const token of ['tok_1', '4111111111111111', 'v1.k1.short.short', '']) {
      const write = db.updateTable('finance.cards').set({ token }).where('user_id', '=', user_id).where('id', '=', id)
      await expect(write.execute()).rejects.toMatchObject({ constraint: 'cards_token_check' })
    }
  })

  test.for([{ last4: '4111111111111111' }, { exp_month: 13 }, { exp_year: 31 }, { brand: 'visa 4111111111111111' }])(
    'refuse %o',
    async (wrong, { db }) => {
      await expect(createCard(db, wrong)).rejects.toThrow(InvalidInputError)
    },
  )

  test('are added once for a person, and again for another', async ({ db }) => {
    const account = await createAccount(db)
    await cards.create(db, keys, newCard(account, { token: 'tok_same' }))

    await expect(cards.create(db, keys, newCard(account, { token: 'tok_same' }))).rejects.toThrow(ConflictError)
    await expect(cards.create(db, keysOf('k2'), newCard(account, { token: 'tok_same' }))).rejects.toThrow(
      'The user already has a card with this token.',
    )
    const other = await createCard(db, { token: 'tok_same' })

    const fingerprints = await db.selectFrom('finance.cards').select('token_fingerprint').execute()
    expect(new Set(fingerprints.map((row) => row.token_fingerprint)).size).toBe(2)
    expect(await cards.token(db, keys, other.user_id, other.id)).toBe('tok_same')
  })

  test('belong to an account of their user', async ({ db }) => {
    const account = await createAccount(db)
    const { id: user_id } = await createUser(db)

    await expect(cards.create(db, keys, newCard(account, { user_id }))).rejects.toThrow(MissingReferenceError)
  })

  test('do not open through another user', async ({ db }) => {
    const card = await createCard(db)
    const { id: stranger } = await createUser(db)

    for (const call of [
      () => cards.get(db, stranger, card.id),
      () => cards.token(db, keys, stranger, card.id),
      () => cards.update(db, stranger, card.id, { brand: 'other' }),
      () => cards.freeze(db, stranger, card.id),
      () => cards.cancel(db, stranger, card.id),
      () => cards.remove(db, stranger, card.id),
    ]) {
      await expect(call()).rejects.toThrow(NotFoundError)
    }
    expect(await cards.find(db, stranger, card.id)).toBeUndefined()
    expect((await cards.list(db, stranger)).rows).toEqual([])
    expect(await cards.get(db, card.user_id, card.id)).toEqual(card)
  })

  test('do not decrypt a ciphertext that was copied from another card', async ({ db }) => {
    const account = await createAccount(db)
    const [mine, theirs] = [
      await cards.create(db, keys, newCard(account)),
      await cards.create(db, keys, newCard(account)),
    ]
    await sql`update finance.cards set token = (select token from finance.cards where id = ${theirs.id}) where id = ${mine.id}`.execute(
      db,
    )

    await expect(cards.token(db, keys, mine.user_id, mine.id)).rejects.toMatchObject({ reason: 'not-authentic' })
    expect(await cards.token(db, keys, theirs.user_id, theirs.id)).toMatch(/^tok_/)
  })

  test('take an id of the caller, in capitals too', async ({ db }) => {
    const id = 'ABCDEF00-0000-7000-8000-000000000001'
    const card = await createCard(db, { id, token: 'tok_own' })

    expect(card.id).toBe(id.toLowerCase())
    expect(await cards.token(db, keys, card.user_id, card.id)).toBe('tok_own')
    expect(await cards.token(db, keys, card.user_id.toUpperCase(), id)).toBe('tok_own')
  })

  test('list in the order they were added, filtered and page by page', async ({ db }) => {
    const account = await createAccount(db)
    const other = await createAccount(db, { user_id: account.user_id })
    const first = await cards.create(db, keys, newCard(account))
    const second = await cards.create(db, keys, newCard(other))
    const third = await cards.create(db, keys, newCard(account, { status: 'frozen' }))
    await createCard(db)

    const page = await cards.list(db, account.user_id, {}, { limit: 2 })
    const rest = await cards.list(db, account.user_id, {}, { limit: 2, after: page.next ?? undefined })

    expect([...page.rows, ...rest.rows]).toEqual([first, second, third])
    expect(rest.next).toBeNull()
    expect((await cards.list(db, account.user_id, { account_id: other.id })).rows).toEqual([second])
    expect((await cards.list(db, account.user_id, { status: 'frozen' })).rows).toEqual([third])
  })

  test('freeze, thaw and end', async ({ db }) => {
    const { user_id, id } = await createCard(db)

    expect(await cards.freeze(db, user_id, id)).toMatchObject({ status: 'frozen' })
    expect(await cards.freeze(db, user_id, id)).toMatchObject({ status: 'frozen' })
    expect(await cards.unfreeze(db, user_id, id)).toMatchObject({ status: 'active' })
    expect(await cards.cancel(db, user_id, id)).toMatchObject({ status: 'cancelled' })
    expect(await cards.cancel(db, user_id, id)).toMatchObject({ status: 'cancelled' })
    await expect(cards.freeze(db, user_id, id)).rejects.toThrow(RuleViolationError)
    await expect(cards.unfreeze(db, user_id, id)).rejects.toThrow(RuleViolationError)
    await expect(cards.freeze(db, user_id, nobody)).rejects.toThrow(NotFoundError)
    const raw = db.updateTable('finance.cards').set({ status: 'active' }).where('id', '=', id)
    await expect(raw.execute()).rejects.toMatchObject({ constraint: 'cards_cancelled_final' })
  })

  test('end with the last day of their month, and a new expiry revives them', async ({ db }) => {
    const account = await createAccount(db)
    const add = (overrides: Partial<NewCard>) => cards.create(db, keys, newCard(account, overrides))
    const december = await add({ exp_month: 12, exp_year: 2026, status: 'frozen' })
    const june = await add({ exp_month: 6, exp_year: 2026 })
    await add({ exp_month: 1, exp_year: 2027 })
    await add({ exp_month: 1, exp_year: 2026, status: 'cancelled' })
    const endingBefore = async (day: string) =>
      (await cards.expiring(db, account.user_id, { before: day })).map(({ id }) => id)

    expect(await endingBefore('2026-06-30')).toEqual([])
    expect(await endingBefore('2026-07-01')).toEqual([june.id])
    expect(await endingBefore('2027-01-01')).toEqual([june.id, december.id])
    expect(await cards.expire(db, { before: '2026-07-01' })).toBe(1)
    expect(await cards.expire(db, { before: '2026-07-01' })).toBe(0)
    expect(await cards.get(db, account.user_id, june.id)).toMatchObject({ status: 'expired' })
    await expect(cards.freeze(db, account.user_id, june.id)).rejects.toThrow(RuleViolationError)
    expect(await cards.update(db, account.user_id, june.id, { exp_month: 6, exp_year: 2030 })).toMatchObject({
      status: 'active',
      exp_year: 2030,
    })
    expect(
      await cards.update(db, account.user_id, december.id, { exp_month: 12, exp_year: 2030, last4: '4242' }),
    ).toMatchObject({ status: 'frozen', last4: '4242' })
    await expect(cards.update(db, account.user_id, june.id, { exp_month: 7 })).rejects.toThrow(InvalidInputError)
  })

  test('can be removed', async ({ db }) => {
    const { user_id, id } = await createCard(db)

    await cards.remove(db, user_id, id)

    await expect(cards.get(db, user_id, id)).rejects.toThrow(NotFoundError)
    await expect(cards.remove(db, user_id, id)).rejects.toThrow(NotFoundError)
  })
})

describe('the rotation of tokens', () => {
  test('brings every card to the current key, in as many runs as it takes', async ({ db }) => {
    const tokens = new Map<string, [string, string]>()
    for (let i = 0; i < 7; i++) {
      const card = await createCard(db, { token: `tok_rotate_${i}` }, i === 3 ? keysOf('k2') : keys)
      tokens.set(card.id, [card.user_id, `tok_rotate_${i}`])
    }
    const next = keysOf('k2')

    expect(await cards.rotateTokens(db, next, { limit: 4 })).toEqual({ rotated: 4, unreadable: [] })
    expect((await keyIds(db)).filter((key) => key === 'k1')).toHaveLength(2)
    expect(await cards.rotateTokens(db, next)).toEqual({ rotated: 2, unreadable: [] })
    expect(await cards.rotateTokens(db, next)).toEqual({ rotated: 0, unreadable: [] })

    const onlyNew = keysOf('k2', { without: ['k1'] })
    for (const [id, [user_id, token]] of tokens) expect(await cards.token(db, onlyNew, user_id, id)).toBe(token)
  })

  test('keeps finding duplicates when the fingerprint key moves too', async ({ db }) => {
    const account = await createAccount(db)
    await cards.create(db, keys, newCard(account, { token: 'tok_same' }))
    const next = keysOf('k1', { fingerprint: 'f2' })

    expect(await cards.rotateTokens(db, next)).toMatchObject({ rotated: 1 })

    await expect(cards.create(db, next, newCard(account, { token: 'tok_same' }))).rejects.toThrow(ConflictError)
  })

  test('leaves both cards that came to share a token while the fingerprint key moved', async ({ db }) => {
    const account = await createAccount(db)
    await cards.create(db, keys, newCard(account, { token: 'tok_same' }))
    const [f2, f3] = [keysOf('k1', { fingerprint: 'f2' }), keysOf('k1', { fingerprint: 'f3' })]
    await cards.create(db, f2, newCard(account, { token: 'tok_same' }))
    const fingerprints = async () =>
      (await db.selectFrom('finance.cards').select('token_fingerprint as f').orderBy('id').execute()).map(
        ({ f }) => f?.split('.')[1],
      )

    expect(await cards.rotateTokens(db, f2)).toMatchObject({ rotated: 1 })
    expect(await fingerprints()).toEqual([undefined, 'f2'])
    expect(await cards.rotateTokens(db, f2)).toMatchObject({ rotated: 0 })

    await sql`update finance.cards set token_fingerprint = 'v1.f0.' || repeat('a', 43) where token_fingerprint is null`.execute(
      db,
    )
    expect(await cards.rotateTokens(db, f3)).toMatchObject({ rotated: 2 })
    expect(await fingerprints()).toEqual(['f3', undefined])
  })

  test('goes past a card that cannot be read, and stops where a key is missing', async ({ db }) => {
    const account = await createAccount(db)
    const [bad, good] = [await cards.create(db, keys, newCard(account)), await cards.create(db, keys, newCard(account))]
    await sql`update finance.cards set token = (select token from finance.cards where id = ${good.id}) where id = ${bad.id}`.execute(
      db,
    )

    await expect(cards.rotateTokens(db, keysOf('k2', { without: ['k1'] }))).rejects.toThrow(DecryptionError)
    expect(await cards.rotateTokens(db, keysOf('k2'), { limit: 1 })).toEqual({
      rotated: 1,
      unreadable: [{ user_id: bad.user_id, id: bad.id }],
    })
    expect(await keyIds(db)).toEqual(['k1', 'k2'])
  })

  test('leaves a card alone that changed between reading and writing', async ({ db }) => {
    const { user_id, id } = await createCard(db, { token: 'tok_once' })
    const between: unknown[] = []
    const next = keysOf('k2', {
      get: async (keyId) => {
        if (keyId === 'k1') between.push(await cards.rotateTokens(db, keysOf('k3')))
        return Buffer.alloc(32, keyId)
      },
    })

    expect(await cards.rotateTokens(db, next)).toEqual({ rotated: 0, unreadable: [] })

    expect(between).toEqual([{ rotated: 1, unreadable: [] }])
    expect(await keyIds(db)).toEqual(['k3'])
    expect(await cards.token(db, keysOf('k3'), user_id, id)).toBe('tok_once')
  })

  plain('is done once by two at a time, while cards are added', { timeout: 60_000 }, async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const account = await createAccount(db)
    for (let i = 0; i < 60; i++) await cards.create(db, keys, newCard(account, { token: `tok_${i}` }))
    const next = keysOf('k2')

    const [one, two, added] = await Promise.all([
      cards.rotateTokens(db, next),
      cards.rotateTokens(db, next),
      cards.create(db, keys, newCard(account, { token: 'tok_late' })),
    ])
    await cards.rotateTokens(db, next)

    expect(one.rotated + two.rotated).toBeGreaterThanOrEqual(60)
    expect(one.rotated + two.rotated).toBeLessThanOrEqual(61)
    expect(new Set(await keyIds(db))).toEqual(new Set(['k2']))
    expect(await cards.token(db, keysOf('k2', { without: ['k1'] }), account.user_id, added.id)).toBe('tok_late')
  })

  plain('works on PGlite, in a schema of another name', { timeout: 60_000 }, async () => {
    const pglite = await emptyPGlite()
    const db = createFinanceDb({ pglite, schema: 'money' }, {})
    await migrate(db, { vector: 'off' })
    const { user_id, id } = await createCard(db, { token: 'tok_embedded' })
    await cards.freeze(db, user_id, id)

    expect(await cards.rotateTokens(db, keysOf('k2'))).toEqual({ rotated: 1, unreadable: [] })

    expect(await cards.token(db, keysOf('k2', { without: ['k1'] }), user_id, id)).toBe('tok_embedded')
    expect(await cards.expire(db, { before: '2100-01-01' })).toBe(1)
    await db.destroy()
    await pglite.close()
  })
})
