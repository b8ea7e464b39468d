import { describe, expect, test } from 'vitest'
import { redact } from '../../src/cli/report-error.js'
import { cli } from './support.js'

describe('finance-db, usage', { timeout: 60_000 }, () => {
  test('shows help and version, and tells wrong usage by exit code 2', async () => {
    const [help, version, unknown, option, none] = await Promise.all([
      cli(['--help']),
      cli(['--version']),
      cli(['frobnicate']),
      cli(['status', '--frobnicate']),
      cli([]),
    ])

    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('Exit codes') })
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) })
    expect([unknown.code, option.code, none.code]).toEqual([2, 2, 2])
  })

  test('names every variable that is wrong, and says what to set when there is nothing', async () => {
    const nothing = await cli(['check'])
    const wrong = await cli(['check'], {
      env: { DATABASE_URL: 'postgres://u@h/d', DATABASE_POOL_TIMEOUT: 'soon', DATABASE_POOL_SIZE: 'wide' },
    })

    expect(nothing.code).toBe(2)
    expect(nothing.stderr).toContain('--pglite')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('DATABASE_POOL_TIMEOUT')
    expect(wrong.stderr).toContain('DATABASE_POOL_SIZE')
  })

  test('has the code of what is wrong with the configuration in --json', async () => {
    const { code, stderr } = await cli(['check', '--json'])

    expect(code).toBe(2)
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'INVALID_CONFIG' } })
  })

  test('tells which numbers a flag takes', async () => {
    const refusals = await Promise.all([
      cli(['mcp', '--port', '70000']),
      cli(['purge', '--chat-logs', '9007199254740993']),
      cli(['purge', '--chat-logs', '']),
      cli(['report', '--days', '0']),
      cli(['rollback', '--steps', '1.5']),
      cli(['import', 'x.csv', '--skip-lines', '-1']),
    ])

    expect(refusals.map(({ code, stderr }) => [code, /Give .*$/m.exec(stderr)?.[0]])).toEqual([
      [2, 'Give 0 to 65535.'],
      [2, 'Give a whole number.'],
      [2, 'Give a whole number.'],
      [2, 'Give 1 to 3660.'],
      [2, 'Give a whole number.'],
      [2, 'Give a whole number from 0.'],
    ])
  })

  test('makes no embedded database of a file', async () => {
    const { code, stderr } = await cli(['init', '--pglite', import.meta.filename])

    expect(code).toBe(2)
    expect(stderr).toContain('usage.test.ts is a file: --pglite takes a directory.')
  })

  test('says in one paragraph that there is no server, the cause with --verbose, and never the password', async () => {
    const env = { DATABASE_URL: 'postgres://someone:hunter22@127.0.0.1:1/bank' }

    const plain = await cli(['check'], { env })
    const verbose = await cli(['check', '--verbose'], { env })
    const json = await cli(['check', '--json'], { env })
    const byId = await cli(['import', '-', '--user', '01890000-0000-7000-8000-000000000001', '--account', 'a'], { env })
    const misspelt = await cli(['check', '--urll=postgres://someone:hunter22@127.0.0.1:1/bank'])

    expect(plain).toMatchObject({ code: 1, stdout: '' })
    expect(plain.stderr.trim().split('\n')).toHaveLength(1)
    expect(plain.stderr).toContain('127.0.0.1:1 refuses connections')
    expect(byId).toEqual(plain)
    expect(verbose.stderr).toContain('caused by: ')
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'CONNECTION_FAILED' } })
    for (const { stdout, stderr } of [plain, verbose, json, byId, misspelt])
      expect(stdout + stderr).not.toContain('hunter22')
    expect(misspelt.stderr).toContain('someone:***@')
  })

  test('redacts the password of any connection string', () => {
    expect(redact('at postgresql+asyncpg://a:b%40c@h/d and redis://:x@h')).toBe(
      'at postgresql+asyncpg://a:***@h/d and redis://:***@h',
    )
    expect(redact('see https://example.org/a:b')).toBe('see https://example.org/a:b')
  })
})
