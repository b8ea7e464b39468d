import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Chart.js as one script. The build puts it beside the command; where nothing was built it is the package's. */
export async function chartLibrary(): Promise<string> {
  const built = fileURLToPath(new URL('./chart.umd.min.js', import.meta.url))
  const path = existsSync(built)
    ? built
    : join(dirname(fileURLToPath(import.meta.resolve('chart.js'))), 'chart.umd.min.js')
  // The page asks for no other file, and a source map is one.
  return (await readFile(path, 'utf8')).replace(/^\/\/# sourceMappingURL=.*$/m, '').trim()
}
