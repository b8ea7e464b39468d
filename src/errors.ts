/**
 * What can go wrong, as classes: one for each thing a caller would do differently.
 *
 * Every error of this library is a {@link FinanceDbError} with a stable `code`. The driver's own error stays in
 * `cause`. Messages carry names of tables, columns, constraints and settings, never values of rows or secrets,
 * because messages reach logs and agents.
 */
export * from './errors/access.js'
export * from './errors/auth.js'
export * from './errors/base.js'
export * from './errors/input.js'
export * from './errors/migrations.js'
export * from './errors/readonly.js'
export * from './errors/rows.js'
export * from './errors/secrets.js'
export * from './errors/server.js'
