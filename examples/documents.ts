import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { createFinanceDb, documents, migrate, users } from '@org/finance-db'

const db = createFinanceDb({ pglite: () => PGlite.create({ extensions: { vector } }) }) // or a server with pgvector
await migrate(db)

/** Stands in for an embedding model: it knows words, not what they mean. Ask a real one for 1536 numbers. */
function embed(text: string): Float32Array {
  const embedding = new Float32Array(1536)
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    let place = 0
    for (const letter of word) place = (place * 31 + letter.charCodeAt(0)) % 1536
    embedding[place] = 1
  }
  return embedding
}

const { id: user_id } = await users.create(db, { email: 'mary@example.org' })
const texts = [
  { content: 'The rent of the flat is 900 a month.', metadata: { source: 'lease.pdf', year: 2026 } },
  { content: 'The rent of the garage is 80 a month.', metadata: { source: 'lease.pdf', year: 2025 } },
  { content: 'Savings earn two percent in the first year.', metadata: { source: 'bank.pdf', year: 2026 } },
]
await documents.createMany(
  db,
  texts.map((text) => ({ user_id, ...text, embedding: embed(text.content) })),
)

const embedding = embed('What is the rent of the garage?')
const [best] = await documents.search(db, user_id, { embedding, limit: 1 })
console.log(best?.content, best?.distance.toFixed(2)) // The rent of the garage is 80 a month. 0.23

const this_year = await documents.search(db, user_id, { embedding, metadata: { year: 2026 }, max_distance: 0.5 })
console.log(this_year.map(({ content }) => content)) // [ 'The rent of the flat is 900 a month.' ]
await db.destroy()
