import { type ChildProcess, spawn } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { transactions } from '../../src/index.js'
import { type McpStdioOptions, serveMcpStdio } from '../../src/mcp/index.js'
import { createReadOnlyDb } from '../../src/readonly/index.js'
import type { ToolDoor } from '../../src/readonly/tools/tools.js'
import { cli, command, temporaryDirectory } from '../cli/support.js'
import { createAccount, createUser, newTransaction } from '../people.js'
import { type AgentDatabase, agentDatabase } from '../readonly/agents.js'

const token = 'a-token-of-forty-characters-for-the-tests'

let place: AgentDatabase
let [ada, bob] = ['', '']
let env: Record<string, string>

beforeAll(async () => {
  place = await agentDatabase()
  ;[ada, bob] = [(await createUser(place.db)).id, (await createUser(place.db)).id]
  const account = await createAccount(place.db, { user_id: ada })
  await transactions.create(place.db, newTransaction(account))
  const key = `${place.scopeKey.id}:${Buffer.from(place.scopeKey.secret).toString('base64')}`
  env = { READONLY_DATABASE_URL: place.urlOf(place.agent), FINANCE_SCOPE_KEY: key, DATABASE_URL: place.url }
})
afterAll(() => place[Symbol.asyncDispose]())

const count = { name: 'query', arguments: { sql: 'select count(*) from transactions' } }
const surroundings = () => ({ PATH: process.env.PATH ?? '', ...env })

describe('finance-db mcp over stdin and stdout', () => {
  test('serves the client of the SDK, for the user of --user', async () => {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: command('mcp', '--user', ada, '--audit'),
      env: surroundings(),
      cwd: tmpdir(),
      stderr: 'pipe',
    })
    const problems: unknown[] = []
    const client = new Client({ name: 'test', version: '1' })
    client.onerror = (error) => problems.push(error)
    await client.connect(transport)

    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['list_tables', 'describe', 'query', 'explain'])
    expect((await client.callTool(count)).structuredContent).toMatchObject({ rows: [[1]] })
    const refused = await client.callTool({ name: 'query', arguments: { sql: 'drop table finance.users' } })
    expect(refused).toMatchObject({ isError: true })
    const { contents } = await client.readResource({ uri: 'finance://schema' })
    expect(contents[0]).toMatchObject({ text: expect.stringContaining('rows of one user only') })
    await client.close()
    // A line on stdout that is no message of the protocol is an error of the client.
    expect(problems).toEqual([])

    const recorded = await place.db.selectFrom('finance.agent_queries').select(['sql', 'outcome']).execute()
    expect(recorded).toContainEqual({ sql: count.arguments.sql, outcome: 'answered' })
    expect(recorded).toContainEqual({ sql: 'drop table finance.users', outcome: 'refused' })
  })

  test('ends when its input does, and says nothing but the protocol', async () => {
    const message = { jsonrpc: '2.0', id: 1, method: 'ping' }

    const { code, stdout } = await cli(['mcp', '--user', ada], { env, input: `${JSON.stringify(message)}\n` })

    expect(code).toBe(0)
    const lines = stdout.split('\n').filter((line) => line !== '')
    expect(lines.map((line) => JSON.parse(line))).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }])
  })

  test.each([
    ['without a user for a role that has one', ['mcp'], {}, /sees the rows of one user: say whose with --user/],
    ['with something else than a user', ['mcp', '--user', 'ada'], {}, /--user has to be the id of a user/],
    ['with a user for an analyst', ['mcp', '--user', 'USER'], 'analyst', /does not limit the role/],
    ['with the role of the application', ['mcp', '--user', 'USER'], 'owner', /not fit for the read-only door/],
    ['without the key of scopes', ['mcp', '--user', 'USER'], { FINANCE_SCOPE_KEY: '' }, /FINANCE_SCOPE_KEY is not set/],
    ['on DATABASE_URL', ['mcp', '--user', 'USER'], 'nowhere', /READONLY_DATABASE_URL .* is not set/],
    ['over HTTP without a token', ['mcp', '--http', '--user', 'USER'], {}, /FINANCE_MCP_TOKEN/],
    ['over HTTP with a short token', ['mcp', '--http', '--user', 'USER'], { FINANCE_MCP_TOKEN: 'sesame' }, /32 to 512/],
  ])('refuses to start %s', async (_, args, more, words) => {
    const url =
      more === 'analyst'
        ? place.urlOf(place.analyst)
        : more === 'owner'
          ? place.url
          : more === 'nowhere'
            ? ''
            : env.READONLY_DATABASE_URL
    const extra = typeof more === 'object' ? (more as Record<string, string>) : {}

    const { code, stdout, stderr } = await cli(
      args.map((arg) => (arg === 'USER' ? ada : arg)),
      { env: { ...env, ...extra, READONLY_DATABASE_URL: url ?? '' } },
    )

    expect(code).toBeGreaterThan(0)
    expect(stdout).toBe('')
    expect(stderr).toMatch(words)
    expect(stderr).not.toContain('sesame')
    // The owner of a schema has hundreds of faults.
    expect(stderr.length).toBeLessThan(2000)
  })
})

describe('finance-db mcp --http', () => {
  test('serves each token of a file the rows of its user, and ends cleanly on SIGTERM', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'tokens.json')
    await writeFile(file, JSON.stringify({ [token]: ada, [`${token}-of-bob`]: bob }))
    const child = spawn(process.execPath, command('mcp', '--http', '--port', '0', '--tokens', file), {
      env: surroundings(),
      cwd: tmpdir(),
    })
    const { url, output } = await listening(child)

    for (const [bearer, rows] of [
      [token, 1],
      [`${token}-of-bob`, 0],
    ] as const) {
      const client = new Client({ name: 'test', version: '1' })
      const headers = { authorization: `Bearer ${bearer}` }
      const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
      await client.connect(transport as Parameters<Client['connect']>[0])
      expect((await client.callTool(count)).structuredContent).toMatchObject({ rows: [[rows]] })
    }
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGTERM')

    expect(await ended).toBe(0)
    expect(output()).not.toContain(token)
  })

  test('says nothing of a file of tokens that is wrong', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'tokens.json')
    const [good, wrong] = [`"${token}": "${ada}"`, `"${token}2": "ada"`]
    for (const text of [`{${wrong}`, `{${good}, ${wrong}}`, '{}', 'null', `["${token}"]`]) {
      await writeFile(file, text)
      const { code, stderr } = await cli(['mcp', '--http', '--tokens', file], { env })

      expect(code).toBe(2)
      expect(stderr).toContain('must be JSON: {"<token>": "<user id>", …}')
      expect(stderr).not.toContain(token)
    }
    const none = await cli(['mcp', '--http', '--tokens', `${file}.none`], { env })
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('tokens.json.none cannot be read') })
  })
})

function listening(child: ChildProcess): Promise<{ url: string; output: () => string }> {
  let output = ''
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (text) => {
      output += text
    })
    child.stderr?.on('data', (text) => {
      output += text
      const [, url] = /Listening on (\S+)/.exec(output) ?? []
      if (url !== undefined) resolve({ url, output: () => output })
    })
    child.once('close', () => reject(new Error(output)))
  })
}

const line = (id: number, method: string, params: object = {}) =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`

function serve(door: ToolDoor, options: Partial<McpStdioOptions> = {}) {
  const controller = new AbortController()
  const [input, output] = [new PassThrough(), new PassThrough()]
  const served = serveMcpStdio(door, { input, output, signal: controller.signal, ...options })
  const answers = createInterface({ input: output })[Symbol.asyncIterator]()
  const ask = async (text: string) => {
    input.write(text)
    return JSON.parse((await answers.next()).value)
  }
  return { controller, input, output, served, ask }
}

describe('serveMcpStdio', () => {
  test.each<[string, (server: ReturnType<typeof serve>) => void]>([
    ['it is told to', ({ controller }) => controller.abort()],
    ['its input ends', ({ input }) => input.end()],
    ['its input breaks off', ({ input }) => input.destroy()],
    ['nobody reads any more', ({ output }) => output.destroy(new Error('EPIPE'))],
    ['a message is longer than any should be', ({ input }) => input.write('x'.repeat(2 ** 22 + 1))],
  ])('ends when %s, and cancels what runs', async (_, end) => {
    const server = serve(place.door(place.agent).asUser(ada))
    expect(await server.ask(line(1, 'ping'))).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
    const sql = 'select count(*) from generate_series(1, (select 200000000)) a'
    server.input.write(line(2, 'tools/call', { name: 'query', arguments: { sql } }))
    await expect.poll(running, { timeout: 10_000 }).toBe(1)

    end(server)

    await expect(server.served).resolves.toBeUndefined()
    await expect.poll(running, { timeout: 3000 }).toBe(0)
    expect(getEventListeners(server.controller.signal, 'abort')).toEqual([])
  })

  test('does not begin when it was told to end before', async () => {
    await expect(serve(place.door(place.agent), { signal: AbortSignal.abort() }).served).resolves.toBeUndefined()
  })

  test('says why there is no answer, and nothing of the host', async () => {
    const told: unknown[] = []
    const ask = async (door: ToolDoor) => {
      const server = serve(door, { onError: (error, tool) => told.push([tool, (error as Error).name]) })
      const answers = [
        await server.ask(line(1, 'tools/call', { name: 'query', arguments: { sql: 'select 1' } })),
        await server.ask(line(2, 'resources/read', { uri: 'finance://schema' })),
      ]
      server.controller.abort()
      await server.served
      expect(JSON.stringify(answers)).not.toMatch(/hunter2|127\.0\.0\.1/)
      return [answers[0].result, answers[1].error.message]
    }
    const fail = () => Promise.reject(new TypeError('hunter2'))
    const away = createReadOnlyDb({ connectionString: 'postgres://ada:hunter2@127.0.0.1:1/none' }, {})

    const [called, read] = await ask({ query: fail, explain: fail, describeSchema: fail })
    expect(called).toMatchObject({ isError: true, _meta: { status: 'unavailable' } })
    expect(called.content).toEqual([{ type: 'text', text: expect.stringMatching(/^Something went wrong here/) }])
    expect(read).toMatch(/Something went wrong here/)
    expect(told.splice(0)).toEqual([
      ['query', 'TypeError'],
      ['describe', 'TypeError'],
    ])

    const [refused, described] = await ask(away)
    expect(refused).toMatchObject({ isError: true, _meta: { status: 'unavailable' } })
    expect(refused.content[0].text).toMatch(/^The database cannot be reached now/)
    expect(described).toMatch(/The database cannot be reached now/)
    expect(told).toEqual([
      ['query', 'ConnectionError'],
      ['describe', 'ConnectionError'],
    ])
    await away.destroy()
  })

  test('has room for the schema as the host says', async () => {
    const door = place.door(place.agent).asUser(ada)
    const read = async (options: Partial<McpStdioOptions>) => {
      const server = serve(door, options)
      const { result } = await server.ask(line(1, 'resources/read', { uri: 'finance://schema' }))
      server.controller.abort()
      await server.served
      return result.contents[0].text.length as number
    }

    expect(await read({ tokens: 500 })).toBeLessThan(await read({}))
  })
})

async function running(): Promise<number> {
  const { rows } = await sql`select from pg_stat_activity
    where usename = ${place.agent} and state = 'active' and query ~ 'generate_series'`.execute(place.db)
  return rows.length
}
