import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('says what to install, and does the rest without', { timeout: 60_000 }, async () => {
  const file = fileURLToPath(new URL('./no-peers-process.ts', import.meta.url))

  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file])

  expect(stdout.trim().split('\n')).toEqual([
    'checkPassword: done',
    expect.stringMatching(/^hashPassword: UnsupportedError: .*npm install @node-rs\/argon2$/),
    expect.stringMatching(/^verifyPassword: UnsupportedError: .*npm install bcryptjs$/),
    expect.stringMatching(/^authenticate: UnsupportedError: .*npm install jose$/),
  ])
})
