import { inspect } from 'node:util'
import { FinanceDbError, QueryFailedError, QueryRefusedError } from '../../errors.js'
import type { Attack, Attempt, Ground } from './shape.js'

/** What came back from one attempt. */
export type Outcome =
  | { readonly rows: readonly Record<string, unknown>[]; readonly answer: unknown }
  | { readonly error: unknown }

/**
 * What stopped an attempt: the check of the statement before it is sent, the parser guard, the rights of the role, the signed
 * scope, the read-only transaction, a limit, or the server, which could not make sense of it. `filter`: it was answered, with
 * nothing of anybody else. `harmless`: it was answered, and did nothing.
 */
export type Layer =
  | 'statement'
  | 'guard'
  | 'rights'
  | 'scope'
  | 'read-only'
  | 'limit'
  | 'server'
  | 'filter'
  | 'harmless'

/** What an attempt shows. `weak`: it was answered, which is known of doors without the parser guard. */
export type Judgement =
  | { readonly held: true; readonly by: Layer }
  | { readonly held: false; readonly why: string }
  | { readonly held: 'weak' }

const scopePattern = /v1\.[A-Za-z0-9_-]+\.(agent|member)\.[0-9a-f]{8}-[0-9a-f-]{27}\.\d+\.[0-9a-f]{64}/

/** Looks at what came back, for the canary first. */
export function judge(
  attack: Attack,
  attempt: Attempt,
  outcome: Outcome,
  ground: Ground,
  guard: 'on' | 'off',
): Judgement {
  const isAnswer = 'rows' in outcome
  const shown = isAnswer
    ? `${inspect(outcome.answer, { depth: 12, maxArrayLength: null, maxStringLength: null })}`
    : inspect(outcome.error, { depth: 12, showHidden: true, maxStringLength: null })
  const given = `${attempt.sql}\n${inspect(attempt.params)}`

  if (!mentions(given, ground.canary) && mentions(shown, ground.canary)) {
    return breach(`the ${isAnswer ? 'answer' : 'error'} shows a value of somebody else, or a secret`)
  }
  if (!isAnswer && scopePattern.test(shown) && !scopePattern.test(given))
    return breach('the error shows the signed scope')
  return isAnswer ? ofAnswer(attack, outcome.rows, ground, guard) : ofError(attack, outcome.error)
}

function ofAnswer(
  { breach: rule, withoutGuard, tellingStates }: Attack,
  rows: readonly Record<string, unknown>[],
  ground: Ground,
  guard: 'on' | 'off',
): Judgement {
  const excused = guard === 'off' && withoutGuard !== undefined
  if (typeof rule === 'function') {
    const why = rule(rows, ground)
    if (why === undefined) return held('harmless')
    return excused ? { held: 'weak' } : breach(why)
  }
  if (tellingStates !== undefined || rule === 'trace') return held('harmless')
  if (rule === 'row' && !Object.values(rows[0] ?? {}).some(tells)) return held('filter')
  if (excused) return { held: 'weak' }
  return breach(rule === 'row' ? 'the answer has what it should not have' : 'it was answered')
}

function ofError({ tellingStates = [] }: Attack, error: unknown): Judgement {
  if (!(error instanceof FinanceDbError)) return breach(`the error is none of ours: ${nameOf(error)}`)
  if (!/^\P{Ll}.{14,}$/su.test(error.message)) return breach(`the refusal is no sentence: "${error.message}"`)
  if (error.code === 'CONNECTION_FAILED') return breach('the connection broke, and nobody said why')
  if (error instanceof QueryFailedError && tellingStates.includes(error.sqlState)) {
    return breach(`the error ${error.sqlState} tells about a row of somebody else`)
  }
  return held(layerOf(error))
}

const layers: Readonly<Record<string, Layer>> = {
  QUERY_LIMIT: 'limit',
  SCOPE_REFUSED: 'scope',
  INVALID_INPUT: 'statement',
}

const refusals: Readonly<Record<string, Layer>> = { permission: 'rights', write: 'read-only', statement: 'statement' }

function layerOf(error: FinanceDbError): Layer {
  if (error instanceof QueryRefusedError) return refusals[error.reason] ?? 'guard'
  return layers[error.code] ?? 'server'
}

const held = (by: Layer): Judgement => ({ held: true, by })
const breach = (why: string): Judgement => ({ held: false, why })

function nameOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : typeof error
}

/** As it is, backwards, or in hex. */
function mentions(text: string, word: string): boolean {
  const lower = text.toLowerCase()
  const forms = [word, [...word].reverse().join(''), Buffer.from(word).toString('hex')]
  return (
    forms.some((form) => lower.includes(form.toLowerCase())) ||
    text.includes(Buffer.from(word).toString('base64').slice(0, -4))
  )
}

/** Anything but null, false, nothing and zero. */
function tells(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(tells)
  return value !== null && value !== false && value !== '' && Number(value) !== 0
}
