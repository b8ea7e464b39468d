/** Writes the version of package.json into src/version.ts and package-lock.json, after `changeset version`. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const OUT = new URL('../src/version.ts', import.meta.url)

const { version }: { version: string } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const source = readFileSync(OUT, 'utf8')
const changed = source.replace(/(export const version = )'[^']*'/, `$1'${version}'`)
if (!changed.includes(`'${version}'`)) throw new Error('src/version.ts has no `export const version = …` to replace.')
writeFileSync(OUT, changed)
execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], { stdio: 'inherit' })
