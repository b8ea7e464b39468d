import { describe, expect, test } from 'vitest'
import { UnfitRoleError } from '../../src/index.js'
import { queryFailure } from '../../src/readonly/failures.js'

/** As pg gives what a server said. */
const said = (code: string, more: object = {}) =>
  Object.assign(new Error('value "4000 Elm Street" is wrong'), { code, ...more })

describe('what a server said', () => {
  // Where it is about the words of the query: everywhere else it may be about a value, whatever the state.
  test('is repeated where the words of the query are wrong, and nowhere else', () => {
    const ofTheQuery =
      '42601 42703 42P01 42883 42702 42725 42712 42803 42804 42809 42846 42P10 42P18 42P19 42P20 42P08 42P02 42704 0A000'
    for (const state of ofTheQuery.split(' ')) {
      expect(queryFailure(said(state, { position: '8' })).message, state).toContain('Elm Street')
      expect(queryFailure(said(state)).message, state).not.toContain('Elm Street')
    }
    const ofValues =
      '22P02 22007 22008 22003 22012 22023 2201B 22001 23502 23505 23514 42501 42P07 42P17 21000 54000 P0001 40001 57014 XX000 08P01'
    for (const state of ofValues.split(' ')) {
      const failure = queryFailure(said(state, { position: '8', detail: 'Elm Street', hint: 'Elm Street' }))
      expect(`${failure.message} ${JSON.stringify(failure)}`, state).not.toContain('Elm Street')
      expect(failure.cause, state).toBeUndefined()
    }
  })

  test('is one short line that steers no terminal', () => {
    const text = `column "a\u202eb\u0007\n\u001b[2Jc" ${'x'.repeat(500)}`
    const { message } = queryFailure(Object.assign(new Error(text), { code: '42703', position: '1' }))
    expect(message).toContain('Column "a b [2Jc" xxx')
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(message.length).toBeLessThan(400)
  })

  test('is told apart by what to do about it', () => {
    for (const [state, expected] of [
      ['42501', { code: 'QUERY_REFUSED', reason: 'permission' }],
      ['25006', { code: 'QUERY_REFUSED', reason: 'write' }],
      ['57014', { code: 'QUERY_LIMIT', limit: 'time' }],
      ['25P03', { code: 'QUERY_LIMIT', limit: 'time' }],
      ['25P04', { code: 'QUERY_LIMIT', limit: 'time' }],
      ['55P03', { code: 'QUERY_LIMIT', limit: 'time' }],
      ['40001', { name: 'TransactionConflictError' }],
      ['08006', { name: 'ConnectionError' }],
      ['57P01', { name: 'ConnectionError' }],
      ['53300', { name: 'ConnectionError' }],
      ['08P01', { code: 'QUERY_FAILED', message: expect.stringContaining('number of parameters') }],
      ['22012', { code: 'QUERY_FAILED', message: expect.stringContaining('nullif') }],
      ['22999', { code: 'QUERY_FAILED', message: expect.stringContaining('A value does not fit') }],
      ['XX000', { code: 'QUERY_FAILED', message: expect.stringContaining('could not run the query') }],
    ] as const) {
      expect(queryFailure(said(state)), state).toMatchObject(expected)
    }
    for (const [constraint, reason] of [
      ['scope_missing', 'missing'],
      ['scope_invalid', 'invalid'],
      ['scope_expired', 'expired'],
    ]) {
      expect(queryFailure(said('42501', { constraint }))).toMatchObject({ code: 'SCOPE_REFUSED', reason })
    }
    expect(queryFailure(new Error('socket hang up'))).toMatchObject({ name: 'ConnectionError' })
    const ours = new UnfitRoleError('agent', [])
    expect(queryFailure(ours)).toBe(ours)
  })

  test('points at the query as it was asked', () => {
    expect(queryFailure(said('42703', { position: '30' }), 22)).toMatchObject({ position: 8 })
    expect(queryFailure(said('42703', { position: '3' }), 22)).toMatchObject({ position: 1 })
    expect(queryFailure(said('25006', { position: '30' }), 22)).toMatchObject({ position: 8 })
  })
})
