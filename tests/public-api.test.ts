import { describe, expect, test } from 'vitest'
import * as auth from '../src/auth/index.js'
import * as health from '../src/health/index.js'
import * as imports from '../src/import/index.js'
import * as api from '../src/index.js'
import * as mcp from '../src/mcp/index.js'
import * as migrations from '../src/migrations/index.js'
import * as readonly from '../src/readonly/index.js'
import * as schema from '../src/schema/index.js'
import * as seed from '../src/seed/index.js'
import * as telemetry from '../src/telemetry/index.js'
import * as testing from '../src/testing/index.js'

/** What is public is public on purpose: a new name shows up here first. */
const names = (module: object) => Object.keys(module).sort()

const isModule = (value: object) => Symbol.toStringTag in value && value[Symbol.toStringTag] === 'Module'

describe('the public API', () => {
  test('of the main entry is as listed', () => {
    expect(names(api)).toMatchSnapshot()
  })

  test('of the repositories is as listed', () => {
    const { migrations: _, ...rest } = api
    const repositories = Object.entries(rest).filter(([, value]) => isModule(value))

    expect(repositories.length).toBeGreaterThan(5)
    for (const [name, module] of repositories) expect(names(module)).toMatchSnapshot(name)
  })

  test('of the subpaths is as listed', () => {
    expect(names(schema)).toMatchSnapshot('schema')
    expect(names(migrations)).toMatchSnapshot('migrations')
    expect(names(auth)).toMatchSnapshot('auth')
    expect(names(readonly)).toMatchSnapshot('readonly')
    expect(names(mcp)).toMatchSnapshot('mcp')
    expect(names(imports)).toMatchSnapshot('import')
    expect(names(seed)).toMatchSnapshot('seed')
    expect(names(health)).toMatchSnapshot('health')
    expect(names(telemetry)).toMatchSnapshot('telemetry')
    expect(names(testing)).toMatchSnapshot('testing')
  })
})
