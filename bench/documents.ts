import { type Kysely, sql } from 'kysely'
import { type DocumentSearch, documents } from '../src/index.js'
import type { Database } from '../src/schema/index.js'
import { timed } from './compare.js'
import { createPeople, userId } from './data.js'
import { type Bench, freshDatabase, query } from './databases.js'

const most = 20_000
const searches = 30
const inserted = 300

/** Time and recall of searches: exact, through hnsw, through ivfflat; and what an index costs when it is made and kept. */
export async function searchDocuments(bench: Bench): Promise<void> {
  await using database = await freshDatabase(bench)
  const { db, url } = database
  if (!(await createDocuments(db, Math.min(bench.rows, most)))) {
    console.log('\ndocuments: left out, as the server has no pgvector')
    return
  }
  await query(url, 'vacuum analyze finance.documents', 'checkpoint')
  const { rows: queries } = await sql<{ embedding: string }>`
    select array(select x + random() - 0.5 from unnest(embedding::real[]) x)::text as embedding
    from finance.documents order by id limit ${searches}`.execute(db)
  const embeddings = queries.map(({ embedding }) => Float32Array.from(JSON.parse(`[${embedding.slice(1, -1)}]`)))

  const wanted: [string, (q: DocumentSearch) => Promise<documents.DocumentMatch[]>][] = [
    ['everybody', (q) => documents.searchEverybody(db, q)],
    ['everybody, 1 in 10 by chance', (q) => documents.searchEverybody(db, { ...q, metadata: { tenth: 1 } })],
    ['everybody, 1 in 100 by chance', (q) => documents.searchEverybody(db, { ...q, metadata: { hundredth: 1 } })],
    ['a person with half of all', (q) => documents.search(db, userId(0), q)],
    ['a person with 1 in 200', (q) => documents.search(db, userId(1), q)],
  ]
  const run = async (search: (typeof wanted)[number][1], settings: Partial<DocumentSearch>) => {
    const times: number[] = []
    const found: string[][] = []
    for (const embedding of embeddings) {
      const start = performance.now()
      const matches = await search({ embedding, ...settings })
      times.push(performance.now() - start)
      found.push(matches.map(({ id }) => id))
    }
    return { ms: times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0, found }
  }

  const exact = new Map<string, string[][]>()
  await report('no index', db)
  for (const [name, search] of wanted) {
    const { ms, found } = await run(search, { exact: true })
    exact.set(name, found)
    console.log(`  ${name}: ${ms.toFixed(1)} ms`)
  }
  for (const method of ['hnsw', 'ivfflat'] as const) {
    const made = await timed(() => documents.createIndex(db, { method, maintenance_work_mem: '512MB' }))
    const [index] = await documents.listIndexes(db)
    await report(
      `${method}, made in ${(made / 1000).toFixed(1)} s, ${Math.round((index?.size_bytes ?? 0) / 1e6)} MB`,
      db,
    )
    for (const [name, search] of wanted) {
      const { ms, found } = await run(search, {})
      const all = exact.get(name) ?? []
      const hits = found.flatMap((ids, i) => ids.filter((id) => all[i]?.includes(id))).length
      console.log(`  ${name}: ${ms.toFixed(1)} ms, recall ${(hits / all.flat().length).toFixed(2)}`)
    }
    await documents.dropIndex(db, { method })
  }
}

/** Around 200 centres. Half of the documents are one person's, around every second centre. */
async function createDocuments(db: Kysely<Database>, count: number): Promise<boolean> {
  const { rows } =
    await sql`select to_regclass('finance.documents') as there where to_regclass('finance.documents') is not null`.execute(
      db,
    )
  if (rows.length === 0) return false
  await createPeople(db, 101, 1)
  await sql`create table centres as select n, array(select random() - 0.5 from generate_series(1, 1536) where c.n = c.n)::real[] as at
    from generate_series(0, 199) c (n)`.execute(db)
  await sql`insert into finance.documents (user_id, content, metadata, embedding)
    select (${userId(0).slice(0, -3)} || lpad(to_hex(case when i % 2 = 0 then 0 else 1 + i % 200 / 2 end), 3, '0'))::uuid, 'text',
      jsonb_build_object('tenth', floor(random() * 10)::int, 'hundredth', floor(random() * 100)::int),
      array(select x + (random() - 0.5) * 1.5 from unnest(at) x)::real[]::public.vector
    from generate_series(1, ${count}) i join centres on n = i % 200`.execute(db)
  return true
}

async function report(title: string, db: Kysely<Database>): Promise<void> {
  const insert = () =>
    timed(() =>
      db
        .transaction()
        .execute(async (trx) => {
          await sql`insert into finance.documents (user_id, content, embedding)
            select user_id, content, embedding from finance.documents limit ${inserted}`.execute(trx)
          throw rollback
        })
        .catch((error: unknown) => {
          if (error !== rollback) throw error
        }),
    )
  const times = [await insert(), await insert(), await insert()].sort((a, b) => a - b)
  console.log(`\ndocuments, ${title}; an insert takes ${((times[1] ?? 0) / inserted).toFixed(2)} ms`)
}

const rollback = new Error('rolled back')
