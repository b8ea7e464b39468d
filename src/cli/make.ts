import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { UsageError } from './exit-codes.js'
import { type Cli, run } from './run.js'

interface Options {
  dir?: string
  js?: boolean
  online?: boolean
}

export function addMake(program: Command): void {
  program
    .command('make')
    .description('begin a migration of your own, and list it; connects to nothing')
    .argument('<name>', 'in lower case, such as order_totals')
    .option('--dir <dir>', 'where your migrations are (default: migrations)')
    .option('--js', 'JavaScript')
    .option('--online', 'indexes on large tables, built while they are in use')
    .action(run<Options>(execute))
}

async function execute({ out }: Cli, options: Options, [name = '']: readonly string[]): Promise<void> {
  if (!/^[a-z][a-z0-9_]{1,60}$/.test(name)) throw new UsageError('Give a name of lower-case letters, digits and "_".')
  const made = (await isOurs()) ? await makeOurs(name, options) : await makeHosts(name, options)
  out.result(made, () => {
    out.line(`Wrote ${made.file} and listed it in ${made.list}.`)
  })
  out.note(made.next)
}

interface Made {
  readonly name: string
  readonly file: string
  readonly list: string
  readonly next: string
}

/** Whether this is a clone of the library itself. */
async function isOurs(): Promise<boolean> {
  if (!existsSync('package.json') || !existsSync('src/migrations/list.ts')) return false
  const { name } = JSON.parse(await readFile('package.json', 'utf8')) as { name?: string }
  return name === '@org/finance-db'
}

async function makeOurs(title: string, { online = false }: Options): Promise<Made> {
  const directory = join('src', 'migrations')
  const numbers = (await readdir(directory)).flatMap((file) => /^(\d{4})_.*\.ts$/.exec(file)?.[1] ?? [])
  const name = `${String(Math.max(0, ...numbers.map(Number)) + 1).padStart(4, '0')}_${title}`
  const file = join(directory, `${name}.ts`)
  await writeFile(file, source(name, { ts: true, from: './shape.js', online }), { flag: 'wx' })

  const list = join(directory, 'list.ts')
  const text = await readFile(list, 'utf8')
  const listed = text
    .replace(/^import type \{ SqlMigration \}/m, `import { ${variable(title)} } from './${name}.js'\n$&`)
    .replace(/\n\]\n$/, `\n  ${variable(title)},\n]\n`)
  await writeFile(list, listed)
  const next = 'Then: npm run codegen, and a sentence in src/constraints.ts for each rule.'
  return { name, file, list, next }
}

async function makeHosts(title: string, { dir = 'migrations', js = false, online = false }: Options): Promise<Made> {
  await mkdir(dir, { recursive: true })
  const extension = js ? 'js' : 'ts'
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
  const name = `${stamp}_${title}`
  const file = join(dir, `${name}.${extension}`)
  await writeFile(file, source(name, { ts: !js, from: '@org/finance-db/migrations', online }), { flag: 'wx' })

  const list = join(dir, `index.${extension}`)
  const present = existsSync(list) ? await readFile(list, 'utf8') : ''
  if (present !== '' && !present.startsWith(header)) {
    return {
      name,
      file,
      list: 'nothing',
      next: `${list} is not of this command: add the migration to your list by hand.`,
    }
  }
  await writeFile(list, await listOf(dir, extension))
  const next = `Then: migrate(db, { migrations }), with \`migrations\` from ${list}.`
  return { name, file, list, next }
}

const header = '// Written by finance-db make.'

async function listOf(dir: string, extension: string): Promise<string> {
  const pattern = new RegExp(`^(\\d{14}_[a-z0-9_]+)\\.${extension}$`)
  const names = (await readdir(dir)).flatMap((file) => pattern.exec(file)?.[1] ?? []).sort()
  const imports = names.map((name) => `import { migration as m${name.slice(0, 14)} } from './${name}.js'`)
  const entries = names.map((name) => `  m${name.slice(0, 14)},`)
  return `${header}\n${imports.join('\n')}\n\nexport const migrations = [\n${entries.join('\n')}\n]\n`
}

const variable = (title: string) =>
  title.replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replace(/_$/, '')

function source(name: string, { ts, from, online }: { ts: boolean; from: string; online: boolean }): string {
  const ours = from === './shape.js'
  const title = ours ? variable(name.slice(5)) : 'migration'
  const typed = ts
    ? `export const ${title}: SqlMigration = {`
    : `/** @type {import('${from}').SqlMigration} */\nexport const ${title} = {`
  const finance = ['$', '{finance}'].join('') // to be written, not to be filled in
  const [up, down] = online
    ? [`create index things_name_idx on ${finance}.things (name)`, `drop index ${finance}.things_name_idx`]
    : [
        `create table ${finance}.things (id uuid not null, constraint things_pkey primary key (id))`,
        `drop table ${finance}.things`,
      ]
  return `${ts ? `import type { SqlMigration } from '${from}'\n\n` : ''}${typed}
  name: '${name}',
${online ? '  online: true,\n' : ''}  // One statement each. A migration that was applied anywhere is not edited: the next one corrects it.
  up: ({ finance }) => [
    \`${up}\`,
  ],
  down: ({ finance }) => [
    \`${down}\`,
  ],
}
`
}
