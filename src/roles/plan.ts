import { identifier, literal } from '../quoting.js'
import type { Wanted, WantedRole } from './options.js'
import { isVerifierOf, scramVerifier } from './scram.js'
import type { Found, FoundRole } from './state.js'

/** Something that is to be so, and the statements that make it so: none, when it is so already. */
export interface Point {
  /** In words: `finance_agent is a member of no role`. */
  readonly what: string
  readonly statements: readonly Statement[]
}

export interface Statement {
  readonly text: string
  /** Without its secret, for reports. */
  readonly shown: string
}

/** Statements without a secret. */
export const plain = (...texts: readonly string[]): Statement[] => texts.map((text) => ({ text, shown: text }))
const point = (what: string, isSo: boolean, ...statements: readonly string[]): Point => ({
  what,
  statements: isSo ? [] : plain(...statements),
})

/** What concerns the roles themselves and the database, before the rights in our schema. */
export function planServer(wanted: Wanted, found: Found): Point[] {
  const foundOf = new Map(found.roles.map((role) => [role.name, role]))
  const database = identifier(found.database)
  const points = wanted.roles.flatMap((role) => planRole(role, foundOf.get(role.name), found))

  for (const { kind, name } of wanted.roles) {
    const label = identifier(name)
    const role = foundOf.get(name)
    points.push(
      point(
        `${name} may connect to ${found.database}`,
        role?.mayConnect === true,
        `grant connect on database ${database} to ${label}`,
      ),
    )
    if (kind === 'app' || kind === 'member') {
      points.push(
        point(
          `${name} may make temporary tables, which imports need`,
          role?.mayMakeTemporary === true,
          `grant temporary on database ${database} to ${label}`,
        ),
      )
    }
    if (kind === 'agent' || kind === 'analyst') points.push(...planReader(name, role, found))
  }
  if (wanted.hardenDatabase) {
    const schemaPublic = 'revoke create on schema public from public'
    points.push(
      point(
        'PUBLIC may make no temporary tables',
        !found.publicTemporary,
        `revoke temporary on database ${database} from public`,
      ),
      point('PUBLIC may create no schemas', !found.publicCreate, `revoke create on database ${database} from public`),
      point('PUBLIC may create nothing in schema public', !found.publicSchemaCreate, schemaPublic),
    )
  }
  for (const { label, public: open, lacking } of found.builtins) {
    const to = lacking.map(identifier).join(', ')
    points.push({
      what: `${label} is not for PUBLIC`,
      statements: plain(
        ...(lacking.length > 0 ? [`grant execute on function ${label} to ${to}`] : []),
        ...(open ? [`revoke execute on function ${label} from public`] : []),
      ),
    })
  }
  return points
}

function planRole(wanted: WantedRole, found: FoundRole | undefined, server: Found): Point[] {
  const { name, connectionLimit } = wanted
  const label = identifier(name)
  const rest = [...planSettings(wanted, found, server), ...planPassword(wanted, found)]
  if (found === undefined) {
    const least = 'login nosuperuser nobypassrls nocreaterole nocreatedb noreplication'
    return [
      point(`${name} exists`, false, `create role ${label} ${least} connection limit ${connectionLimit}`),
      ...rest,
    ]
  }
  const { attributes, memberships } = found
  return [
    point(`${name} exists`, true),
    point(
      `${name} logs in and has no power over the server`,
      attributes.length === 0,
      `alter role ${label} ${attributes.join(' ')}`,
    ),
    point(
      `${name} has ${connectionLimit === -1 ? 'any number of' : `at most ${connectionLimit}`} connections`,
      found.connectionLimit === connectionLimit,
      `alter role ${label} connection limit ${connectionLimit}`,
    ),
    point(
      `${name} is a member of no role`,
      memberships.length === 0,
      ...memberships.map(
        ({ role, grantor }) =>
          `revoke ${identifier(role)} from ${label}${server.version >= 160_000 ? ` granted by ${identifier(grantor)}` : ''}`,
      ),
    ),
    ...rest,
  ]
}

/** In this database, where they win over those for all. Of agents and analysts no others are left: they could have set them. */
function planSettings({ kind, name, settings }: WantedRole, found: FoundRole | undefined, server: Found): Point[] {
  const alter = `alter role ${identifier(name)} in database ${identifier(server.database)}`
  const points = Object.entries(settings)
    .filter(([setting]) => setting !== 'transaction_timeout' || server.version >= 170_000)
    .map(([setting, value]) =>
      point(
        `${name} has ${setting} = ${value}`,
        sameSetting(found?.here[setting], value),
        `${alter} set ${setting} = ${setting === 'search_path' ? pathList(value) : literal(value).trim()}`,
      ),
    )
  if (kind !== 'agent' && kind !== 'analyst') return points
  const others = (there: Readonly<Record<string, string>> = {}) =>
    Object.keys(there).filter((setting) => settings[setting] === undefined)
  const [here, everywhere] = [others(found?.here), others(found?.everywhere)]
  return [
    ...points,
    point(
      `${name} has no other settings`,
      here.length + everywhere.length === 0,
      ...here.map((setting) => `${alter} reset ${setting}`),
      ...everywhere.map((setting) => `alter role ${identifier(name)} reset ${setting}`),
    ),
  ]
}

/** Postgres writes a list with quotes where a name needs them. */
function sameSetting(there: string | undefined, value: string): boolean {
  const bare = (text: string) => text.replaceAll(/["\s]/g, '')
  return there !== undefined && bare(there) === bare(value)
}

function pathList(value: string): string {
  return value
    .split(',')
    .map((name) => identifier(name.trim()))
    .join(', ')
}

function planPassword({ name, password }: WantedRole, found: FoundRole | undefined): Point[] {
  if (password === undefined) return []
  const isSo = typeof found?.verifier === 'string' && isVerifierOf(found.verifier, password)
  const alter = `alter role ${identifier(name)} password`
  return [
    {
      what: `${name} has the password that was given`,
      statements: isSo ? [] : [{ text: `${alter} ${literal(scramVerifier(password))}`, shown: `${alter} '…'` }],
    },
  ]
}

function planReader(name: string, role: FoundRole | undefined, found: Found): Point[] {
  const label = identifier(name)
  const database = identifier(found.database)
  const rights = (role?.databaseRights ?? []).filter((right) => right !== 'CONNECT')
  const creates = role?.createsIn ?? []
  const strays = role?.strayRights ?? []
  return [
    point(
      `${name} owns nothing`,
      role?.owns !== true,
      `reassign owned by ${label} to ${identifier(found.owner ?? 'current_user')}`,
      // Default privileges cannot be given away. This takes its rights too, which the plan of rights gives again.
      `drop owned by ${label}`,
      `grant connect on database ${database} to ${label}`,
    ),
    point(
      `${name} may make nothing in the database`,
      rights.length + creates.length === 0,
      ...rights.map((right) => `revoke ${right.toLowerCase()} on database ${database} from ${label}`),
      ...creates.map((schema) => `revoke create on schema ${identifier(schema)} from ${label}`),
    ),
    point(
      `${name} may write no table outside of our schema, nor read the catalogue's secrets`,
      strays.length === 0,
      ...strays.map(({ relation, privilege }) => `revoke ${privilege.toLowerCase()} on ${relation} from ${label}`),
    ),
  ]
}

/** What concerns the owner of the schema. Last, since who gives it away has no more rights in it. */
export function planOwner(wanted: Wanted, found: Found, schema: string): Point[] {
  const migrator = wanted.roles.find(({ kind }) => kind === 'migrator')
  if (migrator === undefined) return []
  const { name } = migrator
  const role = found.roles.find((other) => other.name === name)
  const label = identifier(name)
  return [
    found.owner === null
      ? point(`schema ${schema} exists`, false, `create schema ${identifier(schema)} authorization ${label}`)
      : point(
          `${name} owns schema ${schema} and what is in it`,
          found.notMigrators.length === 0,
          ...found.notMigrators.map((object) => `alter ${object} owner to ${label}`),
        ),
    point(
      `functions that ${name} makes are not for PUBLIC`,
      role?.keepsFunctionsPrivate === true,
      `alter default privileges for role ${label} revoke execute on functions from public`,
    ),
  ]
}
