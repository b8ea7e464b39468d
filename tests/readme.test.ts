import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'tsup'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { bundling } from '../tsup.config.js'
import { freshDatabase } from './support.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
const tsx = (args: string[], env: Record<string, string> = {}) =>
  run(process.execPath, ['--import', 'tsx', ...args], { cwd: root, env: { ...process.env, ...env } })

/** The blocks of TypeScript that are not files of examples/: fragments, which a few imports and a handle make whole. */
async function fragments(): Promise<string[]> {
  const readme = await readFile(`${root}/README.md`, 'utf8')
  const withoutExamples = readme.replace(/<!-- examples\/.*-->\n\n```ts\n[\s\S]*?\n```\n/g, '')
  return [...withoutExamples.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code)
}

const prelude = `
import { PGlite } from '@electric-sql/pglite'
import { accounts, checkSchema, computedFeatures, createFinanceDb, type Database, lambdaPreset, migrate, migrateOnStart, migrations, recommendations, reports, retention, retryIdempotent, transaction, transactions, users, withReplicas } from '../../src/index.js'
import { seed } from '../../src/seed/index.js'
import { meterPool, statementTelemetry } from '../../src/telemetry/index.js'
import { startTestServer } from '../../src/testing/index.js'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
const pool = new pg.Pool()
const kysely = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
const db = createFinanceDb()
interface OwnTables {
  orders: { id: number }
}
declare const userId: string
declare const accountId: string
`
const used =
  'void [PGlite, accounts, checkSchema, computedFeatures, lambdaPreset, migrate, migrateOnStart, migrations, meterPool, recommendations, reports, retention, retryIdempotent, statementTelemetry, transaction, transactions, users, withReplicas, kysely, seed, startTestServer]\n'

const mark = '== the next example =='

describe('the README', () => {
  test('shows the examples as they are', async () => {
    await expect(tsx(['scripts/readme.ts', '--check'])).resolves.toMatchObject({ stderr: '' })
  })

  test('has fragments that compile, and calls that run', { timeout: 120_000 }, async () => {
    const folder = `${root}/node_modules/.readme`
    await mkdir(folder, { recursive: true })
    const blocks = await fragments()
    const files = await Promise.all(
      blocks.map(async (block, i) => {
        const file = `${folder}/fragment${i}.mts`
        await writeFile(
          file,
          `${prelude.replaceAll('../../src', `${root}src`)}${used}${block}\nawait db.destroy()\nawait pool.end()\n`,
        )
        return file
      }),
    )

    const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
    const program = ts.createProgram(files, { ...options, noEmit: true })
    const problems = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
    expect(problems).toEqual([])

    await using fresh = await freshDatabase()
    const calls = files[blocks.findIndex((block) => block.includes('users.create'))] as string
    await tsx([calls], { DATABASE_URL: fresh.url, PGDATABASE: 'none' })
    const { n } = await fresh.db
      .selectFrom('finance.recommendations')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow()
    expect(n).toBe(1)
    await rm(folder, { recursive: true })
  })

  test('has examples that print what they say', { timeout: 400_000 }, async () => {
    const names = (await readdir(`${root}/examples`)).filter((name) => name.endsWith('.ts'))
    const outDir = `${root}/node_modules/.readme-examples`
    await build({
      ...bundling,
      entry: names.map((name) => `examples/${name}`),
      outDir,
      skipNodeModulesBundle: true,
      clean: true,
      config: false,
      silent: true,
    })
    const databases = await Promise.all(names.map(() => freshDatabase()))
    const runs = names.map((name, i) => [`./${name.replace(/ts$/, 'js')}`, databases[i]?.url])
    // One process for all of them, which ends when each of them has closed what it opened.
    await writeFile(
      `${outDir}/all.js`,
      `for (const [file, url] of ${JSON.stringify(runs)}) {
        process.env.DATABASE_URL = url
        await import(file)
        console.log('${mark}')
      }`,
    )
    const { stdout } = await run(process.execPath, [`${outDir}/all.js`], { cwd: root })
    for (const database of databases) await database[Symbol.asyncDispose]()
    const printed = stdout.split(`${mark}\n`)
    for (const [i, name] of names.entries()) {
      const code = await readFile(`${root}/examples/${name}`, 'utf8')
      const promised = [...code.matchAll(/console\.log.*\/\/ (.*)$/gm)].map(([, text = '']) => text)

      expect(promised.length).toBeGreaterThan(0)
      for (const text of promised.flatMap((line) => line.split(', then ')))
        expect(printed[i]?.replaceAll(/\s+/g, ' ')).toContain(text.replace(/, … }$/, '').replaceAll(/\s+/g, ' '))
    }
    await rm(outDir, { recursive: true })
  })
})
