import { PGlite, type PGliteOptions } from '@electric-sql/pglite'

let image: Promise<Blob> | undefined

/** A PGlite with nothing in it. The first of a process takes seconds, for its `initdb`; the others begin where that ended. */
export async function emptyPGlite(options: PGliteOptions = {}): Promise<PGlite> {
  image ??= PGlite.create().then(async (first) => {
    const data = await first.dumpDataDir('none')
    await first.close()
    return data
  })
  return PGlite.create({ ...options, loadDataDir: await image })
}
