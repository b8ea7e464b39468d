/** What each release has: `releases/VERSION.json`, the checksum of every migration as it was published. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { migrations } from '../src/migrations/index.js'
import { checksum, DEFAULT_NAMES } from '../src/migrations/names.js'

export interface Release {
  readonly version: string
  /** Checksums by name, in order. */
  readonly migrations: Readonly<Record<string, string>>
}

const directory = new URL('../releases/', import.meta.url)

/** Oldest first. */
export async function releases(): Promise<Release[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.json'))
  const read = await Promise.all(
    files.map(async (file) => JSON.parse(await readFile(new URL(file, directory), 'utf8')) as Release),
  )
  return read.sort(
    (a, b) =>
      Object.keys(a.migrations).length - Object.keys(b.migrations).length || compareVersions(a.version, b.version),
  )
}

export async function firstRelease(): Promise<Release | undefined> {
  return (await releases())[0]
}

/** The checksums of the migrations as they are now. */
export function current(): Record<string, string> {
  return Object.fromEntries(migrations.map(({ name, up }) => [name, checksum([...up(DEFAULT_NAMES)])]))
}

/** What is wrong with the migrations of now, given what was released; empty where nothing is. */
export function violations(released: readonly Release[], now: Readonly<Record<string, string>>): string[] {
  return released.flatMap(({ version, migrations: then }) =>
    Object.entries(then).flatMap(([name, sum]) => {
      if (now[name] === undefined) return [`${name} was released in ${version} and is gone`]
      return now[name] === sum ? [] : [`${name} was released in ${version} and has other statements now`]
    }),
  )
}

/** Writes what is released with `version`. */
export async function writeRelease(version: string): Promise<void> {
  const release: Release = { version, migrations: current() }
  await writeFile(new URL(`${version}.json`, directory), `${JSON.stringify(release, null, 2)}\n`)
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
