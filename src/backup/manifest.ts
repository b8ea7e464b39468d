import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { InvalidInputError } from '../errors.js'
import { parseInput } from '../schema/input.js'

const manifest = z.object({
  format: z.literal(1),
  kind: z.enum(['pg_dump', 'pglite']),
  created_at: z.string(),
  package_version: z.string(),
  server_version: z.string(),
  schema: z.string(),
  /** Of pgvector; null where it is not. */
  vector_schema: z.string().nullable(),
  bytes: z.number(),
  sha256: z.string(),
  facts: z.object({
    tables: z.record(z.string(), z.object({ rows: z.number(), content: z.string() })),
    balances: z.record(z.string(), z.object({ accounts: z.number(), balance: z.string(), held: z.string() })),
    chains: z.object({ people: z.number(), heads: z.string() }),
  }),
})

/** What is written beside a backup: what it is of, and what it has to bring back. No values of rows but sums. */
export type Manifest = z.infer<typeof manifest>

export const manifestPath = (file: string) => `${file}.json`

export async function writeManifest(
  file: string,
  about: Omit<Manifest, 'format' | 'created_at' | 'bytes' | 'sha256'>,
): Promise<Manifest> {
  const { size } = await stat(file)
  const whole = {
    format: 1,
    created_at: new Date().toISOString(),
    ...about,
    bytes: size,
    sha256: await sha256(file),
  } as const
  await writeFile(manifestPath(file), `${JSON.stringify(whole, null, 2)}\n`, { mode: 0o600 })
  return whole
}

/** Undefined where there is none. @throws {InvalidInputError} It is of another file, or none of ours. */
export async function readManifest(file: string): Promise<Manifest | undefined> {
  const text = await readFile(manifestPath(file), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const read = parseInput(manifest, parseJson(text), 'The manifest')
  if (read.sha256 !== (await sha256(file))) {
    throw new InvalidInputError('The backup', [
      { path: file, message: `is not the file that ${manifestPath(file)} is of` },
    ])
  }
  return read
}

/** What a file is by its first bytes. */
export async function kindOf(file: string): Promise<Manifest['kind']> {
  const handle = await open(file)
  try {
    const { buffer } = await handle.read(Buffer.alloc(5), 0, 5, 0)
    if (buffer.toString('latin1') === 'PGDMP') return 'pg_dump'
    if (buffer[0] === 0x1f && buffer[1] === 0x8b) return 'pglite'
  } finally {
    await handle.close()
  }
  throw new InvalidInputError('The backup', [{ path: file, message: 'is neither of pg_dump nor of PGlite' }])
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidInputError('The manifest', [{ path: '', message: 'is not JSON' }])
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
