import { UnsupportedError } from '../errors.js'

/** PGlite, and pgvector for it where that is installed: optional packages, loaded when they are first needed. */
export async function loadPGlite() {
  const [{ PGlite }, pgvector] = await Promise.all([
    import('@electric-sql/pglite').catch((cause: unknown) => {
      throw new UnsupportedError('An embedded database needs PGlite: npm install @electric-sql/pglite', { cause })
    }),
    import('@electric-sql/pglite-pgvector').catch(() => undefined),
  ])
  return { PGlite, vector: pgvector?.vector }
}
