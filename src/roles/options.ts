import { z } from 'zod'
import { InvalidConfigError } from '../errors.js'
import { parseInput } from '../schema/input.js'
import { dangerousBuiltins } from './builtins.js'
import { checkScopeKey, type ScopeKey } from './scope-token.js'

/** What a role of the database is for. See docs/roles.md. */
export type RoleKind = 'app' | 'member' | 'agent' | 'analyst'

/** One role. Everything has a default. */
export interface RoleOptions {
  /** Default: `finance_` and the kind. */
  readonly name?: string | undefined
  /** At least 12 characters, all of ASCII. What is sent is its SCRAM verifier. Left out: the password stays as it is. */
  readonly password?: string | undefined
  /** Default: no limit; 10 for agents and analysts. */
  readonly connectionLimit?: number | undefined
  /** Settings for its sessions in this database, over the defaults of its kind; `null` for none. */
  readonly settings?: Readonly<Record<string, string | null>> | undefined
}

export interface ProvisionOptions {
  /** The schema of our tables. By default the one that the handle was made for, or `finance`. */
  readonly schema?: string | undefined
  /** Which roles there are to be. Default: app, member, agent and analyst. One that is left out is left alone. */
  readonly roles?: Readonly<Partial<Record<RoleKind, RoleOptions>>> | undefined
  /** A role that owns the schema and migrates. Default: whoever owns it stays the owner. */
  readonly migrator?: RoleOptions | undefined
  /**
   * All keys that scopes may be signed with. To change keys: give the new one and the old one, sign with the new one, and give
   * that alone once the last scope of the old one has expired. Left out: the keys stay as they are.
   */
  readonly scopeKeys?: readonly ScopeKey[] | undefined
  /**
   * Takes from PUBLIC the right to make temporary tables in the database, to create schemas in it and to create in schema
   * `public`. App and member keep temporary tables, which imports need; other roles of the host need a grant. Default true.
   */
  readonly hardenDatabase?: boolean | undefined
  /** Takes functions of PostgreSQL from PUBLIC, in this database: `true` for `dangerousBuiltins`, or names. Default: none. */
  readonly revokeBuiltins?: boolean | readonly string[] | undefined
  /** Other roles, which go on to have those functions. App, member and the owner of the schema do in any case. */
  readonly keepBuiltinsFor?: readonly string[] | undefined
}

const roleName = z
  .string()
  .refine((name) => /^[^\0]+$/.test(name) && Buffer.byteLength(name) <= 63 && !reserved(name), {
    error: 'must be 1 to 63 bytes, not start with "pg_", and not be "public" or "none"',
  })

function reserved(name: string): boolean {
  return name.startsWith('pg_') || ['public', 'none'].includes(name)
}

const role = z.strictObject({
  name: roleName.optional(),
  // What SASLprep would change, clients do not all change alike.
  password: z
    .string()
    .regex(/^[\x20-\x7e]{12,200}$/, { error: 'must have 12 to 200 characters, all of ASCII' })
    .optional(),
  connectionLimit: z.int().min(-1).max(262_143).optional(),
  settings: z.record(z.string().regex(/^[a-z_][a-z0-9_.]*$/), z.string().max(1000).nullable()).optional(),
})

const options = z.strictObject({
  schema: z.string().optional(),
  roles: z
    .strictObject({ app: role.optional(), member: role.optional(), agent: role.optional(), analyst: role.optional() })
    .optional(),
  migrator: role.optional(),
  scopeKeys: z.array(z.object({ id: z.string(), secret: z.instanceof(Uint8Array) })).optional(),
  hardenDatabase: z.boolean().optional(),
  revokeBuiltins: z.union([z.boolean(), z.array(z.string().regex(/^[a-z_][a-z0-9_]*$/))]).optional(),
  keepBuiltinsFor: z.array(roleName).optional(),
})

/** A role as it is to be. */
export interface WantedRole {
  readonly kind: RoleKind | 'migrator'
  readonly name: string
  readonly password: string | undefined
  readonly connectionLimit: number
  readonly settings: Readonly<Record<string, string>>
}

/** What is to be. */
export interface Wanted {
  readonly roles: readonly WantedRole[]
  readonly scopeKeys: readonly ScopeKey[] | undefined
  readonly hardenDatabase: boolean
  readonly builtins: readonly string[]
  readonly keepBuiltinsFor: readonly string[]
}

const readerSettings = {
  default_transaction_read_only: 'on',
  statement_timeout: '30s',
  lock_timeout: '5s',
  idle_in_transaction_session_timeout: '30s',
  transaction_timeout: '60s',
  temp_file_limit: '1GB',
}

// Sessions of one role see the statements of each other, and those of one person are nothing for another.
const onePerson = { track_activities: 'off' }

const writerSettings = { lock_timeout: '30s', idle_in_transaction_session_timeout: '5min' }

/** @throws {InvalidInputError} @throws {InvalidConfigError} */
export function readOptions(given: Omit<ProvisionOptions, 'schema'>, schema: string): Wanted {
  const checked = parseInput(options, given, 'The options')
  const kinds = checked.roles ?? { app: {}, member: {}, agent: {}, analyst: {} }
  const roles: WantedRole[] = []
  for (const kind of ['migrator', 'app', 'member', 'agent', 'analyst'] as const) {
    const role = kind === 'migrator' ? checked.migrator : kinds[kind]
    if (role === undefined) continue
    const reads = kind === 'agent' || kind === 'analyst'
    const defaults =
      kind === 'migrator' ? {} : reads ? { ...readerSettings, search_path: searchPath(schema) } : writerSettings
    const limited = kind === 'agent' || kind === 'member'
    const settings = Object.entries({ ...defaults, ...(limited && onePerson), ...role.settings }).filter(
      ([, value]) => value !== null,
    )
    roles.push({
      kind,
      name: role.name ?? `finance_${kind}`,
      password: role.password,
      connectionLimit: role.connectionLimit ?? (reads ? 10 : -1),
      settings: Object.fromEntries(settings) as Record<string, string>,
    })
  }
  const twice = roles.find(({ name }, index) => roles.findIndex((other) => other.name === name) !== index)
  if (twice !== undefined) {
    throw new InvalidConfigError([{ path: `roles.${twice.kind}.name`, message: 'is the name of another role too' }])
  }
  const scopeKeys = given.scopeKeys
  scopeKeys?.forEach(checkScopeKey)
  const { revokeBuiltins = false } = checked
  return {
    roles,
    scopeKeys,
    hardenDatabase: checked.hardenDatabase ?? true,
    builtins: revokeBuiltins === true ? dangerousBuiltins : revokeBuiltins === false ? [] : revokeBuiltins,
    keepBuiltinsFor: checked.keepBuiltinsFor ?? [],
  }
}

/** The catalogue first, so that nothing stands in for its functions. */
function searchPath(schema: string): string {
  return `pg_catalog, ${schema}, pg_temp`
}
