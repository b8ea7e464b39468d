import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { EmbeddedServer } from './embedded-server.js'

const PROBE_TIMEOUT_MS = 1_000
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200']

/** Where a Docker engine may listen: `DOCKER_HOST` if set, otherwise the usual sockets. */
function candidates(dockerHost: string | undefined): URL[] {
  if (dockerHost !== undefined && dockerHost !== '') return URL.canParse(dockerHost) ? [new URL(dockerHost)] : []
  const home = homedir()
  return [
    '/var/run/docker.sock',
    `/run/user/${process.getuid?.() ?? 0}/docker.sock`,
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
  ]
    .filter((path) => existsSync(path))
    .map((path) => new URL(`unix://${path}`))
}

/** Whether a Docker engine answers within a second. A socket file alone says nothing: the engine may be down. */
export async function dockerAnswers(dockerHost: string | undefined): Promise<boolean> {
  const answers = await Promise.all(candidates(dockerHost).map(answersAt))
  return answers.includes(true)
}

async function answersAt(url: URL): Promise<boolean> {
  if (url.protocol === 'unix:') return ping({ socketPath: decodeURIComponent(url.pathname) })
  if (url.protocol === 'http:') return ping({ host: url.hostname, port: url.port || '2375' })
  // Behind TLS the engine asks for a client certificate, which testcontainers has: here an open port must do.
  if (url.protocol === 'tcp:' || url.protocol === 'https:') return opens(url.hostname, Number(url.port || '2376'))
  return false
}

function ping(target: { socketPath: string } | { host: string; port: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const attempt = request({ ...target, path: '/_ping', timeout: PROBE_TIMEOUT_MS }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    attempt.on('timeout', () => attempt.destroy())
    attempt.on('error', () => resolve(false))
    attempt.on('close', () => resolve(false))
    attempt.end()
  })
}

function opens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PROBE_TIMEOUT_MS })
    socket.on('connect', () => resolve(true))
    socket.on('timeout', () => resolve(false))
    socket.on('error', () => resolve(false))
    const done = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS)
    socket.on('close', () => clearTimeout(done))
    for (const event of ['connect', 'timeout', 'error']) socket.on(event, () => socket.destroy())
  })
}

/** Starts `image` in a container, which testcontainers also removes should this process die. */
export async function startContainer(image: string): Promise<EmbeddedServer> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const container = await new PostgreSqlContainer(image)
    .withCommand(['postgres', ...SETTINGS.flatMap((setting) => ['-c', setting])])
    .withStartupTimeout(120_000)
    .start()
  return { url: container.getConnectionUri(), stop: async () => void (await container.stop()) }
}
