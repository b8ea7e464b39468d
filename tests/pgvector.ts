import pg from 'pg'
import { inject } from 'vitest'
import type { Embedding } from '../src/index.js'

/** Whether the server of the run has pgvector: one at TEST_DATABASE_URL may. */
export async function serverHasVector(): Promise<boolean> {
  const client = new pg.Client({ connectionString: inject('databaseUrl') })
  await client.connect()
  try {
    const { rows } = await client.query(`select from pg_available_extensions where name = 'vector'`)
    return rows.length > 0
  } finally {
    await client.end()
  }
}

/** An embedding with these numbers first and zeros after them. */
export function embedding(...first: number[]): Embedding {
  return Object.assign(new Float32Array(1536), first)
}

/** An embedding in the plane of the first two axes, at an angle in degrees from the first. */
export function at(degrees: number): Embedding {
  const radians = (degrees / 180) * Math.PI
  return embedding(Math.cos(radians), Math.sin(radians))
}
