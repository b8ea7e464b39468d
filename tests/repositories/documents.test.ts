import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ConflictError,
  type Database,
  type DocumentSearch,
  documents,
  InvalidCursorError,
  InvalidInputError,
  MissingReferenceError,
  NotFoundError,
  RuleViolationError,
  transaction,
  translateError,
  users,
} from '../../src/index.js'
import { createUser } from '../people.js'
import { at, embedding, serverHasVector } from '../pgvector.js'
import { freshDatabase, pgliteDb } from '../support.js'

interface Place extends AsyncDisposable {
  readonly db: Kysely<Database>
}
const places: [string, () => Promise<Place>, boolean][] = [
  ['PGlite', pgliteDb, true],
  ['a server with pgvector', freshDatabase, await serverHasVector()],
]

async function createPerson(db: Kysely<Database>): Promise<string> {
  return (await createUser(db)).id
}

describe.each(places)('documents on %s', { timeout: 60_000 }, (_, open, there) => {
  // One for all of them: each has users of its own.
  let place: Place
  let db: Kysely<Database>
  beforeAll(async () => {
    if (!there) return
    place = await open()
    db = place.db
  })
  afterAll(() => place?.[Symbol.asyncDispose]())

  test.skipIf(!there)('are kept, changed and removed by their owner alone', async () => {
    const [mine, theirs] = [await createPerson(db), await createPerson(db)]
    const input = { user_id: mine, content: 'Rent is due.', metadata: { source: 'a.pdf', pages: [1, 2] } }
    const other = await documents.create(db, { ...input, embedding: at(0) })

    const made = await documents.create(db, { ...input, embedding: at(0) })
    expect(made).toEqual({
      ...input,
      id: expect.any(String),
      created_at: expect.any(Date),
      updated_at: expect.any(Date),
    })
    expect(await documents.get(db, mine, made.id)).toEqual(made)
    expect(await documents.find(db, theirs, made.id)).toBeUndefined()
    await expect(documents.get(db, theirs, made.id)).rejects.toThrow(NotFoundError)
    await expect(documents.update(db, theirs, made.id, { metadata: {} })).rejects.toThrow(NotFoundError)
    await expect(documents.remove(db, theirs, made.id)).rejects.toThrow(NotFoundError)
    await expect(documents.create(db, { ...input, id: made.id, embedding: at(0) })).rejects.toThrow(ConflictError)

    const changed = await documents.update(db, mine, made.id, { content: 'Rent is paid.', embedding: at(90) })
    expect(changed).toMatchObject({ content: 'Rent is paid.', metadata: input.metadata })
    expect(await documents.update(db, mine, made.id, { metadata: { paid: true } })).toMatchObject({
      content: 'Rent is paid.',
      metadata: { paid: true },
    })
    expect(await documents.update(db, mine, made.id, {})).toMatchObject({ metadata: { paid: true } })
    expect(await documents.search(db, mine, { embedding: at(90), limit: 1 })).toMatchObject([
      { id: made.id, distance: 0 },
    ])

    await documents.remove(db, mine, made.id)
    expect(await documents.find(db, mine, made.id)).toBeUndefined()
    expect(await documents.get(db, mine, other.id)).toEqual(other)
    const nobody = '00000000-0000-7000-8000-000000000000'
    await expect(documents.create(db, { ...input, user_id: nobody, embedding: at(0) })).rejects.toThrow(
      MissingReferenceError,
    )
  })

  test.skipIf(!there)('go with a person who is erased, and none comes after', async () => {
    const user_id = await createPerson(db)
    const { id } = await documents.create(db, { user_id, content: 'Rent is due.', embedding: at(0) })

    await users.erase(db, user_id)

    expect(await documents.find(db, user_id, id)).toBeUndefined()
    await expect(documents.create(db, { user_id, content: 'Again.', embedding: at(0) })).rejects.toMatchObject({
      constraint: 'users_erased_final',
    })
  })

  test.skipIf(!there)('give back every bit of an embedding, on request', async () => {
    const [user_id, other] = [await createPerson(db), await createPerson(db)]
    const noisy = Float32Array.from({ length: 1536 }, (_, i) => Math.sin(i * 12.9898) * 10 ** ((i % 21) - 14))
    const doubles = Array.from(noisy, (x) => x * (1 + 1e-12))
    const [first, second] = await documents.createMany(db, [
      { user_id, content: 'a', embedding: noisy },
      { user_id, content: 'b', embedding: doubles },
      { user_id, content: 'c', embedding: at(0) },
    ])
    const ids = [first?.id as string, second?.id as string, other]

    const found = await documents.embeddings(db, user_id, ids)

    expect([...found.keys()].sort()).toEqual(ids.slice(0, 2).sort())
    expect(found.get(ids[0] as string)).toEqual(noisy)
    expect(found.get(ids[1] as string)).toEqual(Float32Array.from(doubles))
    expect((await documents.embeddings(db, other, ids)).size).toBe(0)
    expect((await documents.embeddings(db, user_id, [])).size).toBe(0)
  })

  test.skipIf(!there)('come in pages, filtered by what their metadata contain', async () => {
    const [user_id, other] = [await createPerson(db), await createPerson(db)]
    const input = (n: number, owner = user_id) => ({
      user_id: owner,
      content: `text ${n}`,
      metadata: { source: { name: `file${n % 2}`, n } },
      embedding: at(n),
    })
    const made = await documents.createMany(db, [...Array.from({ length: 7 }, (_, n) => input(n)), input(8, other)])
    const filter = { metadata: { source: { name: 'file0' } } }

    const first = await documents.list(db, user_id, filter, { limit: 3 })
    const rest = await documents.list(db, user_id, filter, { after: first.next as string })

    expect(first.rows).toHaveLength(3)
    expect(rest.next).toBeNull()
    const all = made.filter(({ user_id: owner }) => owner === user_id).sort((a, b) => (a.id < b.id ? -1 : 1))
    expect([...first.rows, ...rest.rows]).toEqual(all.filter(({ content }) => Number(content.slice(5)) % 2 === 0))
    expect((await documents.list(db, user_id)).rows).toEqual(all)
    await expect(documents.list(db, user_id, {}, { after: 'x' })).rejects.toThrow(InvalidCursorError)
  })

  test.skipIf(!there)('are written all or none, however many', async () => {
    const user_id = await createPerson(db)
    const rows = Array.from({ length: 1001 }, (_, n) => ({ user_id, content: `text ${n}`, embedding: at(n / 10) }))
    const nobody = '00000000-0000-7000-8000-000000000000'

    await expect(
      documents.createMany(db, [...rows, { user_id: nobody, content: 'x', embedding: at(0) }]),
    ).rejects.toThrow(MissingReferenceError)
    expect((await documents.list(db, user_id)).rows).toEqual([])
    const made = await documents.createMany(db, rows)
    expect(made.map(({ content }) => content)).toEqual(rows.map(({ content }) => content))
    expect(await documents.createMany(db, [])).toEqual([])
  })

  test.skipIf(!there)('are found nearest first in each metric, with the distance that arithmetic gives', async () => {
    const [user_id, other] = [await createPerson(db), await createPerson(db)]
    const vectors = [embedding(3, 0), embedding(1, 1), embedding(0, 0.5), embedding(-2, 0)]
    await documents.createMany(db, [
      ...vectors.map((vector, n) => ({ user_id, content: `${n}`, metadata: { n }, embedding: vector })),
      { user_id: other, content: 'other', metadata: { n: 0 }, embedding: embedding(1, 0) },
    ])
    const query = embedding(1, 0)
    const contents = async (search: Partial<DocumentSearch>) =>
      (await documents.search(db, user_id, { embedding: query, ...search })).map(({ content, distance }) => [
        content,
        Number(distance.toFixed(6)),
      ])

    const byCosine = [
      ['0', 0],
      ['1', Number((1 - Math.SQRT1_2).toFixed(6))],
      ['2', 1],
      ['3', 2],
    ]
    expect(await contents({})).toEqual(byCosine)
    expect(await contents({ metric: 'cosine', limit: 2 })).toEqual(byCosine.slice(0, 2))
    expect(await contents({ metric: 'l2' })).toEqual([
      ['1', 1],
      ['2', Number(Math.sqrt(1.25).toFixed(6))],
      ['0', 2],
      ['3', 3],
    ])
    expect(await contents({ metric: 'inner_product' })).toEqual([
      ['0', -3],
      ['1', -1],
      ['2', 0],
      ['3', 2],
    ])
    expect(await contents({ max_distance: 1 })).toEqual(byCosine.slice(0, 3))
    expect(await contents({ max_distance: 1, limit: 1 })).toEqual(byCosine.slice(0, 1))
    expect(await contents({ metric: 'inner_product', max_distance: -2 })).toEqual([['0', -3]])
    expect(await contents({ metadata: { n: 2 }, limit: 1 })).toEqual([['2', 1]])
    expect(await contents({ metadata: { n: 9 } })).toEqual([])
    expect(await contents({ metric: 'l2', embedding: embedding() })).toHaveLength(4)
    const everybody = await documents.searchEverybody(db, { embedding: query, metadata: { n: 0 }, limit: 2 })
    expect(everybody.map(({ content }) => content).sort()).toEqual(['0', 'other'])
  })

  test.skipIf(!there)('at the same distance come in the order of their ids, also where the limit cuts', async () => {
    const user_id = await createPerson(db)
    const id = (n: number) => `00000000-0000-7000-8000-00000000000${n}`
    const order = [5, 2, 7, 1, 6, 3, 4]
    await documents.createMany(
      db,
      order.map((n) => ({ user_id, id: id(n), content: `${n}`, embedding: embedding(1, n) })),
    )

    const found = await documents.search(db, user_id, { embedding: embedding(0, 0, 1), limit: 4 })

    expect(found.map((match) => match.id)).toEqual([1, 2, 3, 4].map(id))
    expect(found.map(({ distance }) => distance)).toEqual([1, 1, 1, 1])
  })

  test.skipIf(!there)('are refused by the database too where they have no direction or are too long', async () => {
    const user_id = await createPerson(db)
    const insert = (vector: number[]) =>
      sql`insert into finance.documents (user_id, content, embedding)
        values (${user_id}, 'x', ${JSON.stringify([...vector, ...Array(1536 - vector.length).fill(0)])})`
        .execute(db)
        .catch(translateError)

    for (const vector of [[0], [1e-17], [1e16]]) {
      const refused = insert(vector)
      await expect(refused).rejects.toThrow(RuleViolationError)
      await expect(refused).rejects.toThrow(/zero vector/)
    }
    await insert([1e-14])
    await insert([1e14])

    for (const metric of ['cosine', 'l2', 'inner_product'] as const) {
      const found = await documents.search(db, user_id, { embedding: embedding(-1e14), metric })
      expect(found.map(({ distance }) => Number.isFinite(distance))).toEqual([true, true])
    }
  })

  test.skipIf(!there)('are written and found inside a transaction, and are gone with it', async () => {
    const user_id = await createPerson(db)

    const failed = transaction(db, async (trx) => {
      await documents.create(trx, { user_id, content: 'x', embedding: at(1) })
      expect(await documents.search(trx, user_id, { embedding: at(0) })).toHaveLength(1)
      throw new Error('no')
    })

    await expect(failed).rejects.toThrow('no')
    expect(await documents.search(db, user_id, { embedding: at(0) })).toEqual([])
  })
})

describe('what is sent is checked first', () => {
  // No database behind it: a statement would fail otherwise.
  const nowhere = undefined as never
  const document = { user_id: '00000000-0000-7000-8000-000000000000', content: 'x' }
  const bad: [string, unknown, string][] = [
    ['too few numbers', new Float32Array(1535).fill(1), '1536'],
    ['too many numbers', Array(1537).fill(1), '1536'],
    ['not a number', Array(1536).fill(Number.NaN), 'finite'],
    ['infinity', Array(1536).fill(Number.POSITIVE_INFINITY), 'finite'],
    ['more than single precision holds', [1e39, ...Array(1535).fill(0)], 'finite'],
    ['holes', Array(1536), 'finite'],
    ['text', '[1,2]', '1536'],
    ['numbers as text', Array(1536).fill('1'), 'finite'],
    ['Float64Array', new Float64Array(1536).fill(1), 'Float32Array'],
    ['nothing', undefined, '1536'],
    ['the zero vector', new Float32Array(1536), 'direction'],
    ['what single precision makes the zero vector', Array(1536).fill(1e-60), 'direction'],
    ['what is too long', [1e16, ...Array(1535).fill(0)], '1e15'],
  ]

  test.each(bad)('%s', async (_, vector, message) => {
    const wrong = vector as Float32Array
    for (const call of [
      documents.create(nowhere, { ...document, embedding: wrong }),
      documents.createMany(nowhere, [{ ...document, embedding: wrong }]),
      documents.search(nowhere, document.user_id, { embedding: wrong }),
      ...(wrong === undefined ? [] : [documents.update(nowhere, document.user_id, 'x', { embedding: wrong })]),
    ]) {
      const error = await call.catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(InvalidInputError)
      expect((error as Error).message).toContain('embedding')
      expect((error as Error).message).toContain(message)
      expect((error as Error).message.length).toBeLessThan(300)
    }
  })

  test.each([
    ['a card number', { content: 'Card 4111 1111 1111 1111' }],
    ['no content', { content: '' }],
    ['metadata that are no object', { metadata: [] as never }],
    ['an unknown key', { meaning: 1 } as object],
  ])('%s', async (_, wrong) => {
    await expect(documents.create(nowhere, { ...document, embedding: at(0), ...wrong })).rejects.toThrow(
      InvalidInputError,
    )
  })

  test('new content without its embedding, limits and settings out of range', async () => {
    const search = (wrong: object) =>
      expect(documents.search(nowhere, document.user_id, { embedding: at(0), ...wrong })).rejects.toThrow(
        InvalidInputError,
      )

    await expect(documents.update(nowhere, document.user_id, 'x', { content: 'new' })).rejects.toThrow(
      'give the embedding of the new content',
    )
    await search({ limit: 0 })
    await search({ limit: 1001 })
    await search({ metric: 'l1' })
    await search({ ef_search: 1001 })
    await search({ probes: 0 })
    await search({ max_distance: Number.NaN })
  })
})
