import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { QueryFailedError } from '../../src/index.js'
import { attacks } from '../../src/readonly/attacks/index.js'
import { judge } from '../../src/readonly/attacks/judge.js'
import type { Attack } from '../../src/readonly/attacks/shape.js'
import { signScope } from '../../src/roles/scope-token.js'

const ground = { schema: 'finance', me: 'me', victim: 'victim', canary: 'canary', forgedScopes: ['scope'] }

describe('the list of attacks', () => {
  test('has a row in docs/security.md for the technique of each', () => {
    const page = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8')
    const numbers = [...page.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, list]) => (list ?? '').split(',').map(Number))

    expect(attacks.filter(({ technique }) => !numbers.includes(technique)).map(({ id }) => id)).toEqual([])
    expect(numbers).toEqual(Array.from({ length: 47 }, (_, i) => i + 1))
  })

  test('names each once, and tries each in several ways', () => {
    const ids = attacks.map(({ id }) => id)

    expect(new Set(ids).size).toBe(ids.length)
    for (const { id, attempts } of attacks) {
      const tried = attempts(ground).map(({ sql, params }) => `${sql}\n${String(params?.length)}`)
      expect(tried.length, id).toBeGreaterThan(0)
    }
    expect(attacks.flatMap(({ attempts }) => attempts(ground)).length).toBeGreaterThan(1000)
  })

  test('is judged to get through when an error has the signed scope in it', () => {
    const user = '0198c0de-0000-7000-8000-00000000abcd'
    const scope = signScope({ id: 'k1', secret: new Uint8Array(32) }, 'agent', user, new Date())
    const error = new QueryFailedError('22P02', `The server could not run the query: ${scope}.`)

    expect(judge(attacks[0] as Attack, { sql: 'select 1' }, { error }, ground, 'on')).toEqual({
      held: false,
      why: 'the error shows the signed scope',
    })
    expect(judge(attacks[0] as Attack, { sql: scope }, { error }, ground, 'on')).toMatchObject({ held: true })
  })
})
