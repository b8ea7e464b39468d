import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { attacks } from '../../src/readonly/attacks/index.js'

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
})
