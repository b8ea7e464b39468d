import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Surroundings {
  readonly env?: Record<string, string>
  readonly input?: string
  readonly cwd?: string
  /** Presses Ctrl-C when stderr has this. */
  readonly interruptAt?: string
}

/** What Node needs to run the command. A stack trace names the lines of the sources. */
export function command(...args: readonly string[]): string[] {
  return ['--enable-source-maps', join(inject('programs'), 'cli.js'), ...args]
}

/** Runs the command as its user would, with no other environment than what is given. */
export async function cli(
  args: readonly string[],
  { env = {}, input, cwd = tmpdir(), interruptAt }: Surroundings = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, command(...args), {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let [stdout, stderr, interrupted] = ['', '', false]
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    if (interruptAt === undefined || interrupted || !stderr.includes(interruptAt)) return
    interrupted = child.kill('SIGINT')
  })
  child.stdin.on('error', () => undefined) // it may end without reading
  child.stdin.end(input ?? '')
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { code, stdout, stderr }
}

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string
}

export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'finance-db-cli-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
