import { FinanceDbError } from './base.js'

/** One thing wrong with an input: where, and what would be right. */
export interface InputIssue {
  readonly path: string
  readonly message: string
}

/** The input breaks its schema. Nothing was written. Fix the input; `issues` says where. */
export class InvalidInputError extends FinanceDbError {
  override readonly name = 'InvalidInputError'
  readonly code = 'INVALID_INPUT'
  readonly issues: readonly InputIssue[]

  constructor(what: string, issues: readonly InputIssue[], options?: ErrorOptions) {
    const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    super(`${what} ${/[^s]s$/.test(what) ? 'are' : 'is'} not valid: ${list.join('; ')}`, options)
    this.issues = issues
  }
}

/** The page cursor was not made by this list. Start again from the first page. */
export class InvalidCursorError extends FinanceDbError {
  override readonly name = 'InvalidCursorError'
  readonly code = 'INVALID_CURSOR'

  constructor(options?: ErrorOptions) {
    super('The cursor does not belong to this list: pass the `next` of its previous page, unchanged.', options)
  }
}

/** An option or environment variable is malformed. The message names it and never shows a secret. */
export class InvalidConfigError extends FinanceDbError {
  override readonly name = 'InvalidConfigError'
  readonly code = 'INVALID_CONFIG'
  readonly issues: readonly InputIssue[]

  constructor(issues: readonly InputIssue[], options?: ErrorOptions) {
    super(
      `The database configuration is not valid:\n${issues.map((i) => `  ${i.path}: ${i.message}`).join('\n')}`,
      options,
    )
    this.issues = issues
  }
}
