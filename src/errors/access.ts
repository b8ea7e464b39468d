import { FinanceDbError } from './base.js'

/** The user has no standing consent, or only to an older text, and the call asks for it. Nothing was written. Ask the user. */
export class ConsentRequiredError extends FinanceDbError {
  override readonly name = 'ConsentRequiredError'
  readonly code = 'CONSENT_REQUIRED'

  constructor(options?: ErrorOptions) {
    super('The user has not consented to this, or took the consent back.', options)
  }
}

/** Who acts is not an active operator or admin, or is not there at all. Nothing was written. */
export class OperatorRequiredError extends FinanceDbError {
  override readonly name = 'OperatorRequiredError'
  readonly code = 'OPERATOR_REQUIRED'

  constructor(options?: ErrorOptions) {
    super('Only an active operator or admin may do this.', options)
  }
}

/** Who asks has none of the roles that this needs. */
export class RoleRequiredError extends FinanceDbError {
  override readonly name = 'RoleRequiredError'
  readonly code = 'ROLE_REQUIRED'
  readonly roles: readonly string[]

  constructor(roles: readonly string[], options?: ErrorOptions) {
    super(`This needs the role ${roles.join(' or ')}.`, options)
    this.roles = roles
  }
}

/** The database role lacks a privilege. Grant it, or connect as another role. */
export class PermissionDeniedError extends FinanceDbError {
  override readonly name = 'PermissionDeniedError'
  readonly code = 'PERMISSION_DENIED'
}

/**
 * Why a scope does not hold. `role`, and `pretence` at the read-only door: the role of the connection is not one whose rows the
 * database limits.
 */
export type ScopeProblem = 'missing' | 'invalid' | 'expired' | 'role' | 'pretence'

/**
 * The rows of this role are those of one person, and no good scope says whose; or (`role`) it is a role that no scope limits.
 * Nothing was read or written. Sign a scope and connect as a role of kind member or agent: see docs/roles.md.
 */
export class ScopeError extends FinanceDbError {
  override readonly name = 'ScopeError'
  readonly code = 'SCOPE_REFUSED'
  readonly reason: ScopeProblem

  constructor(reason: ScopeProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
