import { readFile, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { readableByOthers } from './embedded-binaries.js'

const MEMORY = '/dev/shm'
const ROOM_BYTES = 2 * 1024 ** 3
const FREE_MEMORY_BYTES = 4 * 1024 ** 3

/**
 * Where a server that is thrown away keeps its files: in memory where there is plenty, and TMPDIR does not say otherwise. A copy of
 * a database is a thousand small files, which a file system on a disk takes long to make and to remove.
 *
 * @param forAnother Whether the server runs as another user than this process.
 */
export async function temporaryBase(forAnother: boolean, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  if (!env.TMPDIR && (await hasRoomInMemory())) return MEMORY
  return diskBase(forAnother)
}

/** Everywhere that {@link temporaryBase} may have chosen before. */
export async function temporaryBases(forAnother: boolean): Promise<string[]> {
  const memory = (await hasMemory()) ? [MEMORY] : []
  return [...memory, await diskBase(forAnother)]
}

async function diskBase(forAnother: boolean): Promise<string> {
  const base = tmpdir()
  return !forAnother || (await readableByOthers(base)) ? base : '/tmp'
}

async function hasRoomInMemory(): Promise<boolean> {
  if (!(await hasMemory()) || process.availableMemory() < FREE_MEMORY_BYTES) return false
  const { bavail, bsize } = await statfs(MEMORY)
  return bavail * bsize >= ROOM_BYTES
}

/** Whether there is such a directory, from which programs may run: those of the server are copied where others may not read them. */
async function hasMemory(): Promise<boolean> {
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '')
  const [, , kind, options = ''] =
    mounts
      .split('\n')
      .map((line) => line.split(' '))
      .findLast(([, at]) => at === MEMORY) ?? []
  return kind === 'tmpfs' && options.startsWith('rw') && !options.split(',').includes('noexec')
}
