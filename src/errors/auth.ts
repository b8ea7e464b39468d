import { FinanceDbError } from './base.js'

/**
 * Nobody may log in with this. Whether the name is unknown, the password wrong, the person inactive or without a password
 * is not told apart, by the message or by the time it takes.
 */
export class InvalidCredentialsError extends FinanceDbError {
  override readonly name = 'InvalidCredentialsError'
  readonly code = 'INVALID_CREDENTIALS'

  constructor(options?: ErrorOptions) {
    super('The name or the password is wrong.', options)
  }
}

/** Too many attempts failed of late, so this one was not looked at. Try again after `retryAfterMs`. */
export class TooManyAttemptsError extends FinanceDbError {
  override readonly name = 'TooManyAttemptsError'
  readonly code = 'TOO_MANY_ATTEMPTS'
  readonly retryAfterMs: number

  constructor(retryAfterMs: number, options?: ErrorOptions) {
    super('Too many attempts failed: wait before the next one.', options)
    this.retryAfterMs = retryAfterMs
  }
}

/** Why a token is not taken. `malformed` is also a token that nobody here has signed or given out. */
export type InvalidTokenReason = 'malformed' | 'expired' | 'ended'

/** The access or refresh token is not good, or no longer. Refresh an expired access token; else the person logs in again. */
export class InvalidTokenError extends FinanceDbError {
  override readonly name = 'InvalidTokenError'
  readonly code = 'INVALID_TOKEN'
  readonly reason: InvalidTokenReason

  constructor(reason: InvalidTokenReason, options?: ErrorOptions) {
    super(`The token is not valid: it is ${reason}.`, options)
    this.reason = reason
  }
}

/**
 * A refresh token was used a second time. When `sessionEnded`, it may have been stolen: every token of its session is dead,
 * and the person should be told. Otherwise two requests met: go on with the token that the other one was given.
 */
export class TokenReuseError extends FinanceDbError {
  override readonly name = 'TokenReuseError'
  readonly code = 'TOKEN_REUSE'
  readonly userId: string
  readonly sessionId: string
  readonly sessionEnded: boolean

  constructor(session: { userId: string; sessionId: string; sessionEnded: boolean }, options?: ErrorOptions) {
    super('The refresh token was used before.', options)
    this.userId = session.userId
    this.sessionId = session.sessionId
    this.sessionEnded = session.sessionEnded
  }
}
