import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { InvalidConfigError } from '../errors.js'
import { listenMcp, type McpAccess, serveMcpStdio } from '../mcp/index.js'
import { createReadOnlyDb, type ReadOnlyDb } from '../readonly/index.js'
import { uuid } from '../schema/values.js'
import { connect, openPGlite } from './connection.js'
import { UsageError } from './exit-codes.js'
import { reportError } from './report-error.js'
import { type Cli, run } from './run.js'
import { wholeNumber, wholeNumberFrom } from './whole-number.js'

interface Options {
  user?: string
  http?: boolean
  port: number
  tokens?: string
  allowOrigin?: string[]
  cardTokens: number
  maxRows?: number
  timeout?: number
  audit?: boolean
}

const help = `
Logs in as READONLY_DATABASE_URL (or --url), a role that provision has made, and never as DATABASE_URL. For a role that sees
one user FINANCE_SCOPE_KEY signs whose rows it may see.

Without --http it speaks over stdin and stdout with the program that started it. With --http it listens on 127.0.0.1 and
wants a bearer token: FINANCE_MCP_TOKEN, for --user; or a file of --tokens, {"<token>": "<user id>", …}, where each token has
a user of its own. Make one with: openssl rand -hex 32`

export function addMcp(program: Command): void {
  program
    .command('mcp')
    .description('serve the read-only door to AI agents over the Model Context Protocol')
    .option('--user <uuid>', 'whose rows are seen; a model cannot choose')
    .option('--http', 'listen on loopback instead of stdin and stdout')
    .option('--port <n>', 'for --http; 0 takes a free one', wholeNumberFrom(0, 65_535), 3939)
    .option('--tokens <file>', 'for --http: a JSON file of bearer tokens and their users')
    .option('--allow-origin <origin...>', 'for --http: origins of web pages that may ask')
    .option('--card-tokens <n>', 'how long the description of all tables may be', wholeNumberFrom(0), 5000)
    .option('--max-rows <n>', 'rows of an answer', wholeNumber)
    .option('--timeout <ms>', 'milliseconds of a query', wholeNumber)
    .addOption(new Option('--audit', 'record every query, as the role of DATABASE_URL'))
    .addHelpText('after', help)
    .action(run<Options>(execute))
}

async function execute(cli: Cli, options: Options): Promise<void> {
  const access = await readAccess(cli, options)
  const { cardTokens: tokens, port } = options
  const stopped = stopSignal()
  const door = openDoor(cli, options)
  try {
    await assertUsers(cli, door, access)
    const onError = (error: unknown) => void reportError(error, { verbose: true })
    if (options.http !== true) {
      const [{ userId } = {}] = access
      const mine = userId === undefined ? door : door.asUser(userId)
      return await serveMcpStdio(mine, { tokens, onError, signal: stopped })
    }
    await using listener = await listenMcp(door, { access, port, tokens, onError, allowedOrigins: options.allowOrigin })
    cli.out.note(`Listening on ${listener.url}`)
    await new Promise<void>((resolve) => {
      stopped.addEventListener('abort', () => resolve())
      if (stopped.aborted) resolve()
    })
    cli.out.note('Stopping.')
  } finally {
    await door.destroy()
  }
}

function openDoor(cli: Cli, { maxRows, timeout, audit = false }: Options): ReadOnlyDb {
  const { flags, env } = cli
  const { pglite } = flags
  return createReadOnlyDb(
    {
      limits: {
        ...(maxRows !== undefined && { maxRows }),
        ...(timeout !== undefined && { timeoutMs: timeout }),
      },
      schema: flags.schema,
      ...(pglite === undefined ? { connectionString: flags.url } : { pglite: () => openPGlite(pglite) }),
      ...(audit && { audit: cli.use(connect({ schema: flags.schema }, env)).db }),
    },
    env,
  )
}

/** Fails here, where the operator sees why, and not at the first question. */
async function assertUsers(
  { env }: Cli,
  door: ReadOnlyDb,
  access: ReadonlyArray<Pick<McpAccess, 'userId'>>,
): Promise<void> {
  const { role, sees } = await door.role()
  const without = access.some(({ userId }) => userId === undefined)
  if (sees === 'one-user' && without) {
    throw new UsageError(
      `The role ${role} sees the rows of one user: say whose with --user, or for each token with --tokens.`,
    )
  }
  if (sees === 'one-user' && !env.FINANCE_SCOPE_KEY?.trim()) {
    throw new UsageError(
      `FINANCE_SCOPE_KEY is not set: it signs whose rows the role ${role} sees. Give the key that provision was given.`,
    )
  }
  if (sees === 'everybody' && access.some(({ userId }) => userId !== undefined)) {
    throw new UsageError(
      `The database does not limit the role ${role} to one user: log in as one that is, or leave out the user.`,
    )
  }
}

/** Who may ask, and whose rows. Over stdin it is whoever started us. */
async function readAccess({ env }: Cli, { user, http, tokens }: Options): Promise<McpAccess[]> {
  if (user !== undefined && !uuid.safeParse(user).success)
    throw new UsageError('--user has to be the id of a user, a UUID.')
  const token = env.FINANCE_MCP_TOKEN || undefined
  if (http !== true) {
    if (tokens !== undefined) throw new UsageError('--tokens is for --http.')
    return [{ token: '', userId: user }]
  }
  if (tokens === undefined) {
    if (token === undefined)
      throw new UsageError('Set FINANCE_MCP_TOKEN, or give --tokens: nobody may ask without a token.')
    return [{ token, userId: user }]
  }
  if (user !== undefined || token !== undefined) {
    throw new UsageError('Give --tokens, or FINANCE_MCP_TOKEN with --user, not both.')
  }
  const text = await readFile(tokens, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`The file ${tokens} cannot be read.`, { cause })
  })
  return usersOfTokens(tokens, text)
}

function usersOfTokens(file: string, text: string): McpAccess[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    // The message of JSON.parse shows a part of the file, which holds secrets.
  }
  const entries = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? Object.entries(parsed) : []
  const good = entries.length > 0 && entries.every(([, user]) => uuid.safeParse(user).success)
  if (!good) throw new InvalidConfigError([{ path: file, message: 'must be JSON: {"<token>": "<user id>", …}' }])
  return entries.map(([token, user]) => ({ token, userId: String(user) }))
}

/** Ctrl-C and SIGTERM are how a server ends: instead of those of main, which stop at once. A second one does. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(name)
    process.once(name, () => controller.abort())
  }
  return controller.signal
}
