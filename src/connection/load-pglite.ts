import { UnsupportedError } from '../errors.js'

/**
 * PGlite, and pgvector for it where that is installed: optional packages, loaded when they are first needed.
 *
 * @param what - Who needs it, as the error begins.
 */
export async function loadPGlite(what = 'An embedded database') {
  const [{ PGlite }, pgvector] = await Promise.all([
    import('@electric-sql/pglite').catch((cause: unknown) => {
      throw new UnsupportedError(`${what} needs PGlite: npm install @electric-sql/pglite`, { cause })
    }),
    import('@electric-sql/pglite-pgvector').catch(() => undefined),
  ])
  return { PGlite, vector: pgvector?.vector }
}
