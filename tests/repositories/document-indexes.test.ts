import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ConflictError,
  createFinanceDb,
  type Database,
  documents,
  InvalidInputError,
  RuleViolationError,
  type Trx,
  transaction,
  UnsupportedError,
} from '../../src/index.js'
import { createUser } from '../people.js'
import { at, serverHasVector } from '../pgvector.js'
import { directDatabase, type FreshDatabase, pgliteDb } from '../support.js'

interface Place extends AsyncDisposable {
  readonly db: Kysely<Database>
}
const onServer = await serverHasVector()
const places: [string, () => Promise<Place>, boolean][] = [
  ['PGlite', pgliteDb, true],
  // Indexes are built concurrently in a session.
  ['a server with pgvector', directDatabase, onServer],
]

/** Documents all around a circle, a hair apart; `metadata.n` is where. */
async function fill(db: Kysely<Database>, count: number): Promise<string> {
  const { id } = await createUser(db)
  await sql`insert into finance.documents (user_id, content, metadata, embedding)
    select ${id}, 'text', jsonb_build_object('n', n, 'far', n >= ${count} * 0.4 and n < ${count} * 0.6,
      'here_and_there', n % 50 = 0),
      (array[cos(n * 2 * pi() / ${count}), sin(n * 2 * pi() / ${count})] || array_fill(0::float8, '{1534}'))::real[]::public.vector
    from generate_series(0, ${count} - 1) n`.execute(db)
  await sql`analyze finance.documents`.execute(db)
  return id
}

/** What a search reads, in a transaction whose planner shuns what an index makes superfluous: there are few documents. */
async function scans(db: Kysely<Database>, fn: (trx: Trx) => Promise<unknown>) {
  return db.transaction().execute(async (trx) => {
    await sql`select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true),
      set_config('enable_bitmapscan', 'off', true)`.execute(trx)
    const of = async (relation: string) => {
      const { rows } = await sql<{ n: number }>`select coalesce(sum(pg_stat_get_xact_numscans(oid)), 0)::int as n
        from pg_class where relname like ${relation}`.execute(trx)
      return rows[0]?.n
    }
    const before = [await of('documents_embedding_%'), await of('documents'), await of('documents_pkey')]
    await fn(trx)
    const after = [await of('documents_embedding_%'), await of('documents'), await of('documents_pkey')]
    const [index, table, pkey] = after.map((n, i) => (n ?? 0) - (before[i] ?? 0))
    return { index, table, pkey }
  })
}

/** The function by itself: `search` joins the table to it by its primary key. */
const nearest = (
  trx: Trx,
  metadata: object | null,
  settings: { exact?: boolean; ef_search?: number; probes?: number } = {},
) =>
  sql<{ id: string; distance: number }>`select id, distance from ${sql.table('finance.documents_nearest')}(
    ${`[${[...at(0)].join()}]`}, 'cosine', 10, null, ${metadata === null ? null : JSON.stringify(metadata)}::jsonb,
    ${settings.exact ?? false}, ${settings.ef_search ?? null}, ${settings.probes ?? null})`.execute(trx)

describe.each(places)('indexes of documents on %s', { timeout: 120_000 }, (_, open, there) => {
  let place: Place
  let db: Kysely<Database>
  let owner: string
  const count = 600
  beforeAll(async () => {
    if (!there) return
    place = await open()
    db = place.db
    owner = await fill(db, count)
  }, 60_000)
  afterAll(() => place?.[Symbol.asyncDispose]())

  test.skipIf(!there)('are made once, listed, and removed', async () => {
    expect(await documents.listIndexes(db)).toEqual([])

    const made = await documents.createIndex(db, { method: 'hnsw', m: 8 })

    expect(made).toEqual({
      name: 'documents_embedding_cosine_hnsw_idx',
      method: 'hnsw',
      metric: 'cosine',
      parameters: { m: 8, ef_construction: 64 },
      valid: true,
      size_bytes: expect.any(Number),
    })
    expect(made.size_bytes).toBeGreaterThan(count * 1000)
    expect(await documents.createIndex(db, { method: 'hnsw' })).toEqual(made)
    expect(await documents.createIndex(db, { method: 'hnsw', m: 8 })).toEqual(made)
    await expect(documents.createIndex(db, { method: 'hnsw', m: 9 })).rejects.toThrow(ConflictError)
    const others = [
      await documents.createIndex(db, { method: 'hnsw', metric: 'l2', maintenance_work_mem: '32MB' }),
      await documents.createIndex(db, { method: 'ivfflat', metric: 'inner_product', concurrently: false }),
    ]
    expect(others).toMatchObject([
      { name: 'documents_embedding_l2_hnsw_idx', parameters: { m: 16, ef_construction: 64 } },
      { name: 'documents_embedding_inner_product_ivfflat_idx', parameters: { lists: 10 }, method: 'ivfflat' },
    ])
    expect(await documents.listIndexes(db)).toEqual([made, others[1], others[0]])

    for (const { method, metric } of [made, ...others, made]) await documents.dropIndex(db, { method, metric })
    expect(await documents.listIndexes(db)).toEqual([])
  })

  test.skipIf(!there)('are made in a transaction if need be, and undone with it', async () => {
    await expect(
      transaction(db, (trx) => documents.createIndex(trx, { method: 'hnsw', concurrently: true })),
    ).rejects.toThrow(UnsupportedError)
    await expect(
      transaction(db, async (trx) => {
        await sql`select set_config('statement_timeout', '55s', true), set_config('maintenance_work_mem', '33MB', true)`.execute(
          trx,
        )
        expect(await documents.createIndex(trx, { method: 'hnsw', maintenance_work_mem: '40MB' })).toMatchObject({
          valid: true,
        })
        const { rows } = await sql`select current_setting('statement_timeout') as timeout,
          current_setting('maintenance_work_mem') as memory`.execute(trx)
        expect(rows).toEqual([{ timeout: '55s', memory: '33MB' }])
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(await documents.listIndexes(db)).toEqual([])
  })

  test.skipIf(!there)('of the kind ivfflat want documents to learn from', async () => {
    await expect(documents.createIndex(db, { method: 'ivfflat', lists: 100 })).rejects.toThrow(RuleViolationError)
    expect(await documents.listIndexes(db)).toEqual([])
  })

  test.skipIf(!there)('that broke off are made anew', async () => {
    await documents.createIndex(db, { method: 'hnsw', m: 9 })
    await sql`update pg_index set indisvalid = false where indexrelid = 'finance.documents_embedding_cosine_hnsw_idx'::regclass`.execute(
      db,
    )
    expect(await documents.listIndexes(db)).toMatchObject([{ valid: false }])

    expect(await documents.createIndex(db, { method: 'hnsw' })).toMatchObject({ valid: true, parameters: { m: 16 } })

    await documents.dropIndex(db, { method: 'hnsw' })
  })

  const kinds: ('hnsw' | 'ivfflat')[] = ['hnsw', 'ivfflat']
  test.skipIf(!there).each(kinds)(
    'of the kind %s find as many as there are behind a filter, where a plain scan finds none',
    async (method) => {
      await documents.createIndex(db, { method })
      const filter = { far: true }

      // A plain scan stops at the nearest 40, or the nearest list, and the filter drops them all.
      await db.transaction().execute(async (trx) => {
        await sql`select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)`.execute(trx)
        const plain = sql<
          Record<string, string>
        >`select id from finance.documents where metadata @> ${JSON.stringify(filter)}::jsonb
        order by embedding operator(public.<=>) ${`[${[...at(0)].join()}]`}::public.vector limit 10`
        const { rows: plan } = await sql<Record<string, string>>`explain ${plain}`.execute(trx)
        expect(JSON.stringify(plan)).toContain(`Index Scan using documents_embedding_cosine_${method}_idx`)
        expect((await plain.execute(trx)).rows).toEqual([])
      })

      // The search goes on through the index, and neither reads the table nor starts over.
      const found: { id: string; distance: number }[] = []
      const read = await scans(db, async (trx) => void found.push(...(await nearest(trx, filter)).rows))
      expect(read).toEqual({ index: 1, table: 0, pkey: 0 })
      expect(found).toHaveLength(10)
      const distances = found.map(({ distance }) => distance)
      expect(distances).toEqual(distances.toSorted((a, b) => a - b))
      const { rows: exact } = await db.transaction().execute((trx) => nearest(trx, filter, { exact: true }))
      // The layers of a graph are drawn at random: once in some hundred builds it finds six of the ten.
      expect(found.filter(({ id }) => exact.some((one) => one.id === id)).length).toBeGreaterThanOrEqual(5)

      // So does it through the repository; and it starts over, exactly, where the index comes short.
      expect(await documents.searchEverybody(db, { embedding: at(0), metadata: filter, limit: 120 })).toHaveLength(120)
      expect(await documents.searchEverybody(db, { embedding: at(0), metadata: { n: 300 } })).toMatchObject([
        { metadata: { n: 300 } },
      ])
      await documents.dropIndex(db, { method })
    },
  )

  test.skipIf(!there).each(kinds)(
    'of the kind %s are given up for an exact search where they come short',
    async (method) => {
      await documents.createIndex(db, { method })

      await db.transaction().execute(async (trx) => {
        await sql`select set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true),
        set_config('hnsw.max_scan_tuples', '1', true), set_config('ivfflat.max_probes', '1', true)`.execute(trx)
        for (const filter of [{ far: true }, { here_and_there: true }]) {
          const exact = await nearest(trx, filter, { exact: true })
          expect(exact.rows).toHaveLength(10)
          expect((await nearest(trx, filter, { ef_search: 10, probes: 1 })).rows).toEqual(exact.rows)
        }
      })
      await documents.dropIndex(db, { method })
    },
  )

  test.skipIf(!there)('leave the settings of a transaction as they were', async () => {
    await documents.createIndex(db, { method: 'hnsw' })
    const settings = sql`select current_setting('hnsw.ef_search') as ef, current_setting('hnsw.iterative_scan') as hnsw,
      current_setting('ivfflat.iterative_scan') as ivfflat, current_setting('ivfflat.probes') as probes`

    await db.transaction().execute(async (trx) => {
      await documents.searchEverybody(trx, { embedding: at(0) })
      await sql`select set_config('hnsw.ef_search', '77', true)`.execute(trx)
      const { rows: before } = await settings.execute(trx)
      expect(before).toEqual([{ ef: '77', hnsw: 'off', ivfflat: 'off', probes: '1' }])
      await documents.searchEverybody(trx, { embedding: at(0), ef_search: 11, probes: 3 })
      expect((await settings.execute(trx)).rows).toEqual(before)
    })
    expect((await settings.execute(db)).rows).toMatchObject([{ ef: '40', hnsw: 'off' }])
    await documents.dropIndex(db, { method: 'hnsw' })
  })

  test.skipIf(!there)(
    'are left aside for a person of 5,000 documents and for `exact`, and used for one of more',
    async () => {
      const many = await fill(db, 5000)
      await documents.createIndex(db, { method: 'hnsw', maintenance_work_mem: '256MB' })
      const read = (search: object) => scans(db, (trx) => documents.search(trx, many, { embedding: at(0), ...search }))

      expect(await read({})).toMatchObject({ index: 0 })
      await documents.create(db, { user_id: many, content: 'one more', embedding: at(0.001) })
      expect(await read({})).toMatchObject({ index: 1 })
      expect(await read({ exact: true })).toMatchObject({ index: 0 })
      expect(await read({ metric: 'l2' })).toMatchObject({ index: 0 })
      const found = await documents.search(db, many, { embedding: at(0), limit: 3 })
      expect(found.map(({ user_id }) => user_id)).toEqual([many, many, many])
      expect(
        (await documents.search(db, owner, { embedding: at(0), limit: 3 })).map(({ metadata }) => metadata.n),
      ).toEqual(expect.arrayContaining([0, 1, count - 1]))
      await documents.dropIndex(db, { method: 'hnsw' })
    },
  )

  test.skipIf(!there)('are not made or used with a pgvector that cannot scan on', async () => {
    await documents.createIndex(db, { method: 'hnsw' })
    const version = (text: string) =>
      sql`update pg_extension set extversion = ${text} where extname = 'vector'`.execute(db)
    const { rows } = await sql<{
      now: string
    }>`select extversion as now from pg_extension where extname = 'vector'`.execute(db)
    await version('0.7.4')
    try {
      const refused = documents.createIndex(db, { method: 'hnsw', metric: 'l2' })
      await expect(refused).rejects.toThrow(UnsupportedError)
      await expect(refused).rejects.toThrow(/0\.8 or newer.*alter extension vector update/s)
      expect(await scans(db, (trx) => nearest(trx, { far: true }))).toMatchObject({ index: 0 })
      expect(await documents.searchEverybody(db, { embedding: at(0), metadata: { far: true } })).toHaveLength(10)
      await version('0.10.1')
      expect(await scans(db, (trx) => nearest(trx, { far: true }))).toMatchObject({ index: 1 })
    } finally {
      await version(rows[0]?.now ?? '')
    }
    await documents.dropIndex(db, { method: 'hnsw' })
  })

  test.skipIf(!there)('are refused with parameters that pgvector would refuse', async () => {
    for (const wrong of [
      { method: 'hnsw', m: 40 },
      { method: 'hnsw', lists: 5 },
      { method: 'ivfflat', m: 5 },
      { method: 'ivfflat', lists: 0 },
      { method: 'gin' },
      { method: 'hnsw', maintenance_work_mem: "1GB'; drop table x" },
    ])
      await expect(documents.createIndex(db, wrong as never)).rejects.toThrow(InvalidInputError)
  })
})

describe('on a server with pgvector', { timeout: 60_000 }, () => {
  async function filled(): Promise<FreshDatabase> {
    const fresh = await directDatabase()
    await fill(fresh.db, 3000)
    return fresh
  }

  test.skipIf(!onServer)('an index may take longer than statements may', async () => {
    await using fresh = await filled()
    const db = createFinanceDb(
      { connectionString: fresh.url, poolSize: 1, maxOverflow: 0, statementTimeoutMs: 100 },
      {},
    )
    try {
      expect(await documents.createIndex(db, { method: 'hnsw' })).toMatchObject({ valid: true })
      await expect(sql`select pg_sleep(5)`.execute(db)).rejects.toMatchObject({
        code: '57014',
      })
    } finally {
      await db.destroy()
    }
  })

  test.skipIf(!onServer)('two sessions do not make the same index at once', async () => {
    await using fresh = await filled()

    const results = await Promise.allSettled([1, 2].map(() => documents.createIndex(fresh.db, { method: 'hnsw' })))

    const refused = results.filter(({ status }) => status === 'rejected')
    expect(refused).toMatchObject([{ reason: expect.any(ConflictError) }])
    expect(await documents.createIndex(fresh.db, { method: 'hnsw' })).toMatchObject({ valid: true })
  })

  test.skipIf(!onServer)('a statement that was prepared for one person serves another as well', async () => {
    await using fresh = await filled()
    const few = await fill(fresh.db, 3)
    const many = await fill(fresh.db, 5001)
    await documents.createIndex(fresh.db, { method: 'hnsw' })
    const db = createFinanceDb({ connectionString: fresh.url, poolSize: 1, maxOverflow: 0 }, {})
    try {
      for (let i = 0; i < 8; i++) expect(await documents.search(db, few, { embedding: at(0) })).toHaveLength(3)
      const { rows } =
        await sql`select name from pg_prepared_statements where statement like '%documents_nearest%'`.execute(db)
      expect(rows).toHaveLength(1)
      expect(await scans(db, (trx) => documents.search(trx, many, { embedding: at(0) }))).toMatchObject({ index: 1 })
    } finally {
      await db.destroy()
    }
  })
})
