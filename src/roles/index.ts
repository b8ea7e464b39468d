export { dangerousBuiltins } from './builtins.js'
export { type Finding, type InspectOptions, inspectRole, type RoleQuery, type RoleReport } from './inspect.js'
export type { ProvisionOptions, RoleKind, RoleOptions } from './options.js'
export {
  type ProvisionChange,
  type ProvisionResult,
  provisionRoles,
  provisionSql,
  type RefusedChange,
} from './provision.js'
export { parseScopeKey, type ScopeKey, type ScopeKind, signScope } from './scope-token.js'
export { type ScopedOptions, scoped } from './scoped.js'
