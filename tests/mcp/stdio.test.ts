import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { transactions } from '../../src/index.js'
import { serveMcpStdio } from '../../src/mcp/index.js'
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
    await writeFile(file, `{"${token}": "ada"`)

    const { code, stderr } = await cli(['mcp', '--http', '--tokens', file], { env })

    expect(code).toBe(2)
    expect(stderr).toContain('must be JSON: {"<token>": "<user id>", …}')
    expect(stderr).not.toContain(token)
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

test('serveMcpStdio ends when it is told to', async () => {
  const door = place.door(place.agent).asUser(ada)
  const controller = new AbortController()
  const [input, output] = [new PassThrough(), new PassThrough()]
  const served = serveMcpStdio(door, { input, output, signal: controller.signal })

  input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })}\n`)
  await new Promise((resolve) => output.once('data', resolve))
  controller.abort()

  await expect(served).resolves.toBeUndefined()
})
