/** Writes `releases/VERSION.json` for the version of package.json, after `changeset version`. */
import { readFileSync } from 'node:fs'
import { current, releases, violations, writeRelease } from './releases.js'

const { version }: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const wrong = violations(await releases(), current())
if (wrong.length > 0) throw new Error(`Released migrations are not edited:\n${wrong.join('\n')}`)
await writeRelease(version)
