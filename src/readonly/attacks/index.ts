import { catalogAttacks } from './catalogs.js'
import { resourceAttacks } from './resources.js'
import { rowAttacks } from './rows.js'
import { scopeAttacks } from './scope.js'
import { secretAttacks } from './secrets.js'
import { sessionAttacks } from './session.js'
import type { Attack } from './shape.js'
import { statementAttacks } from './statements.js'
import { wireAttacks } from './wire.js'
import { writeAttacks } from './writes.js'

/** Every way around a read-only door that we know of. */
export const attacks: readonly Attack[] = [
  ...statementAttacks,
  ...writeAttacks,
  ...sessionAttacks,
  ...scopeAttacks,
  ...rowAttacks,
  ...secretAttacks,
  ...catalogAttacks,
  ...resourceAttacks,
  ...wireAttacks,
]
