/**
 * `@org/finance-db/auth`: passwords, sessions and access tokens over the tables `users`, `auth_sessions` and
 * `auth_attempts`. The packages it needs are optional peers: `@node-rs/argon2`, `bcryptjs` (old hashes only), `jose`.
 */
export {
  InvalidCredentialsError,
  InvalidTokenError,
  type InvalidTokenReason,
  RoleRequiredError,
  TokenReuseError,
  TooManyAttemptsError,
} from '../errors.js'
export { createTokens, requireRole, type TokenKey, type TokenOptions, type Tokens } from './access-tokens.js'
export { type AttemptLimits, attemptLimits } from './attempts.js'
export { changePassword, setPassword } from './change-password.js'
export { type HashCost, hashCost, hashPassword, needsRehash, verifyPassword } from './hashing.js'
export {
  type Credentials,
  credentials,
  type Origin,
  origin,
  type PasswordChange,
  passwordChange,
  type Registration,
  registration,
} from './input.js'
export { type AuthSettings, type LogInOptions, logIn, register } from './log-in.js'
export { checkPassword, generatePassword, type PasswordRules } from './password.js'
export {
  confirmSession,
  endSession,
  type Identity,
  logOut,
  logOutEverywhere,
  type OpenSession,
  refresh,
  type SessionInfo,
  type SessionLimits,
  sessionLimits,
  sessions,
} from './sessions.js'
export { type Swept, sweep } from './sweep.js'
