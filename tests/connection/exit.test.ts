import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, inject, onTestFinished, test } from 'vitest'

const program = fileURLToPath(new URL('idle-process.ts', import.meta.url))

async function queried(preset: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, inject('databaseUrl'), preset], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill())
  await once(child.stdout, 'data')
  return child
}

const endsWithin = (child: ChildProcess, ms: number) =>
  Promise.race([once(child, 'exit').then(() => true), sleep(ms, false)])

test('with the Lambda preset an idle pool lets the process end', async () => {
  expect(await endsWithin(await queried('lambda'), 2000)).toBe(true)
})

test('by default it keeps the process, as a service expects', async () => {
  expect(await endsWithin(await queried('none'), 2000)).toBe(false)
})
