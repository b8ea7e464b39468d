import { afterAll } from 'vitest'
import { ensurePGliteImage, openPGliteImage } from '../../src/testing/databases/pglite-image.js'
import { createSandboxes, type Sandboxes, workerSandboxes } from '../../src/testing/index.js'
import { databasesOfThisRun } from '../../src/testing/vitest/index.js'

export const onServer = () => once('server', () => workerSandboxes(databasesOfThisRun(), `kit_${process.pid}`))

/** Sandboxes on the server of the run and on PGlite, for tests that must hold on both. */
export const sources: readonly (readonly [name: string, open: () => Promise<Sandboxes>])[] = [
  ['PostgreSQL', onServer],
  ['PGlite', () => once('pglite', pgliteSandboxes)],
]

const opened = new Map<string, Promise<Sandboxes>>()

function once(name: string, open: () => Promise<Sandboxes>): Promise<Sandboxes> {
  const known = opened.get(name) ?? open()
  opened.set(name, known)
  return known
}

async function pgliteSandboxes(): Promise<Sandboxes> {
  const pglite = await openPGliteImage(await ensurePGliteImage({}))
  const sandboxes = createSandboxes({ pglite })
  return {
    open: sandboxes.open,
    get dirty() {
      return sandboxes.dirty
    },
    close: () => sandboxes.close().finally(() => pglite.close()),
  }
}

afterAll(async () => {
  for (const sandboxes of opened.values()) await (await sandboxes).close().catch(() => undefined)
  opened.clear()
})
