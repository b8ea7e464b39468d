/**
 * Packs the built package, installs the tarball into an empty project, and uses it there as a stranger would: every
 * subpath is imported, required and type-checked, and the command is run, on this Node and on others from npm.
 *
 *     npm run check:package -- --node 22,24,26
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import ts from 'typescript'

interface Manifest {
  name: string
  bin: Record<string, string>
  exports: Record<string, string | { types: string; default: string }>
  peerDependencies: Record<string, string>
  devDependencies: Record<string, string>
}

const exec = promisify(execFile)
const ROOT = new URL('..', import.meta.url).pathname
const { values } = parseArgs({ options: { node: { type: 'string', default: '22,24,26' } } })
const otherNodes = values.node.split(',').filter((version) => version !== '' && version !== majorOf(process.version))

const manifest: Manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
const modules = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target !== 'string')
  // It imports vitest, an optional peer that the stranger does not have.
  .filter(([subpath]) => !subpath.startsWith('./testing/vitest'))
  .map(([subpath]) => manifest.name + subpath.slice(1))

const directory = await mkdtemp(join(tmpdir(), 'finance-db-package-'))
let failures = 0
try {
  await check()
} finally {
  await rm(directory, { recursive: true, force: true })
}
process.exitCode = failures === 0 ? 0 : 1

async function check(): Promise<void> {
  const tarball = await pack()
  const project = await createProject(tarball)

  await Promise.all([
    report('publint', 'npx', ['publint', '--strict', tarball], ROOT),
    report(
      'are the types wrong',
      'npx',
      ['attw', tarball, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii'],
      ROOT,
    ),
    ...['nodenext', 'bundler'].map((resolution) => typeCheck(project, resolution)),
    typeCheck(project, 'nodenext', 'typescript-5'),
  ])
  await checkHover(project)
  await use(project, process.execPath)

  for (const version of otherNodes) {
    const node = await installNode(version)
    if (node !== undefined) await use(project, node)
  }
}

async function pack(): Promise<string> {
  // Built by the step before; `prepack` would build it again.
  const { stdout } = await exec('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], {
    cwd: ROOT,
  })
  const [packed]: { filename: string; files: { path: string }[]; size: number; unpackedSize: number }[] =
    JSON.parse(stdout)
  if (packed === undefined) throw new Error('npm pack has packed nothing.')

  const paths = packed.files.map(({ path }) => path)
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : [target.types, target.default],
  )
  const missing = [...targets, ...Object.values(manifest.bin)]
    .map((path) => path.replace('./', ''))
    .filter((path) => !paths.includes(path))
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1024)} kB`
  result(
    `pack: ${paths.length} files, ${kilobytes(packed.size)}, unpacked ${kilobytes(packed.unpackedSize)}`,
    missing.length === 0 ? undefined : `package.json names files that are not in it: ${missing.join(', ')}`,
  )
  return join(directory, packed.filename)
}

/** An empty project with the tarball, its required peers and a TypeScript: no optional peer, as on a production host. */
async function createProject(tarball: string): Promise<string> {
  const project = join(directory, 'project')
  await mkdir(project)
  const required = Object.entries(manifest.peerDependencies)
    .filter(([name]) => ['kysely', 'pg'].includes(name))
    .map(([name, range]) => `${name}@${range}`)
  const development = ['typescript', '@types/node'].map((name) => `${name}@${manifest.devDependencies[name]}`)
  development.push('typescript-5@npm:typescript@~5.9')

  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }))
  await exec('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball, ...required, ...development], {
    cwd: project,
  })
  await writeFile(
    join(project, 'import.mjs'),
    `for (const name of ${JSON.stringify(modules)}) {
  const keys = Object.keys(await import(name))
  if (keys.length === 0) throw new Error(name + ' exports nothing')
}
`,
  )
  await writeFile(
    join(project, 'require.cjs'),
    `for (const name of ${JSON.stringify(modules)}) {
  if (Object.keys(require(name)).length === 0) throw new Error(name + ' exports nothing')
}
if (require('${manifest.name}/package.json').name !== '${manifest.name}') throw new Error('package.json is not exported')
`,
  )
  const imports = modules.map((name, i) => `import * as module${i} from '${name}'`).join('\n')
  await writeFile(
    join(project, 'types.ts'),
    `${imports}\n\nexport default [${modules.map((_, i) => `module${i}`).join(', ')}]\n`,
  )
  // A host with tables of its own: the older compiler compares the two handles more strictly.
  await writeFile(
    join(project, 'host.ts'),
    `import { createFinanceDb, type Database, migrate, migrateOnStart, transaction, users } from '${manifest.name}'
import type { Kysely } from 'kysely'

interface Shop { orders: { id: string; user_id: string } }

export async function order(kysely: Kysely<Shop & Database>): Promise<void> {
  const db = createFinanceDb({ kysely })
  await migrateOnStart(db)
  await migrate(db, {
    migrations: [
      {
        name: 'shop_0001_orders',
        up: (names) => [\`create table orders (id text primary key, user_id uuid references \${names.finance}.users)\`],
        down: () => ['drop table orders'],
      },
    ],
  })
  await transaction(db, async (trx) => {
    const { id } = await users.create(trx, { email: 'ada@example.org' })
    await trx.insertInto('orders').values({ id: '1', user_id: id }).execute()
  })
}
`,
  )
  return project
}

async function typeCheck(project: string, resolution: string, compiler = 'typescript'): Promise<void> {
  const strict = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    declaration: true,
  }
  const module = resolution === 'nodenext' ? 'nodenext' : 'esnext'
  const compilerOptions = { ...strict, module, moduleResolution: resolution, target: 'es2023', types: ['node'] }
  const config = join(project, `tsconfig.${compiler}.${resolution}.json`)
  await writeFile(config, JSON.stringify({ compilerOptions, files: ['types.ts', 'host.ts'] }))
  const tsc = join('node_modules', compiler, 'bin', 'tsc')
  await report(
    `types by ${compiler} with moduleResolution ${resolution}`,
    process.execPath,
    [tsc, '-p', config],
    project,
  )
}

/** An editor shows what is said of a field of an input: neither `z.infer` nor the declaration of a schema keeps it. */
async function checkHover(project: string): Promise<void> {
  const fields = { NewTransaction: 'amount', AccountChanges: 'credit_limit' }
  const file = join(project, 'hover.ts')
  await writeFile(file, `export type { ${Object.keys(fields).join(', ')} } from '${manifest.name}'\n`)
  const program = ts.createProgram([file], { module: ts.ModuleKind.NodeNext, strict: true, types: [] })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(file)
  const exported = source && checker.getSymbolAtLocation(source)?.exports
  const silent = Object.entries(fields).filter(([type, field]) => {
    const symbol = exported?.get(type as ts.__String)
    const property = symbol && checker.getDeclaredTypeOfSymbol(checker.getAliasedSymbol(symbol)).getProperty(field)
    return ts.displayPartsToString(property?.getDocumentationComment(checker)) === ''
  })
  const told = silent.map((path) => path.join('.')).join(', ')
  result('hover over a field of an input', told === '' ? undefined : `${told} says nothing`)
}

async function use(project: string, node: string): Promise<void> {
  const { stdout } = await exec(node, ['--version'])
  const on = `on Node ${stdout.trim()}`
  const [name = '', path = ''] = Object.entries(manifest.bin)[0] ?? []
  await Promise.all([
    report(`import of ${modules.length} subpaths ${on}`, node, ['import.mjs'], project),
    report(`require of ${modules.length} subpaths ${on}`, node, ['require.cjs'], project),
    report(`${name} --help ${on}`, node, [join('node_modules', manifest.name, path), '--help'], project),
  ])
  if (node === process.execPath)
    await report(`${name} as npm links it`, `node_modules/.bin/${name}`, ['--help'], project)
}

/** The path of another Node from npm, or nothing where the registry cannot be reached. */
async function installNode(version: string): Promise<string | undefined> {
  const home = join(directory, `node-${version}`)
  await mkdir(home)
  // The package fetches its binary in an install script, which npm runs only when allowed to.
  await writeFile(join(home, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }))
  try {
    await exec('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `node@${version}`], { cwd: home })
  } catch (error) {
    const output = outputOf(error)
    if (!/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|ENOTCACHED/.test(output)) throw error
    console.log(`skipped  Node ${version}: the npm registry cannot be reached`)
    return undefined
  }
  return join(home, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

async function report(what: string, command: string, args: string[], cwd: string): Promise<void> {
  try {
    await exec(command, args, { cwd, timeout: 120_000 })
    result(what)
  } catch (error) {
    result(what, outputOf(error))
  }
}

function result(what: string, problem?: string): void {
  console.log(`${problem === undefined ? 'ok    ' : 'FAILED'}  ${what}`)
  if (problem === undefined) return
  failures += 1
  console.error(problem.trim().replace(/^/gm, '        '))
}

function outputOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string }
  return `${stdout}${stderr}` || error.message
}

function majorOf(version: string): string {
  return version.replace(/^v(\d+).*$/, '$1')
}
