import { identifier } from '../quoting.js'
import type { Finding, RoleReport } from '../roles/inspect.js'

/** SQL, and commands, that mend what was found about a role. For a superuser, or for whoever owns the database and the role. */
export function mend({ role, database, findings }: RoleReport): string[] {
  // It may be the only one of its server: that is not for us to take from it.
  if (findings.some(({ code }) => code === 'superuser')) {
    return [`-- ${role} is a superuser: log in as a role that finance-db provision made, such as finance_agent`]
  }
  const [name, db] = [identifier(role), identifier(database)]
  // Without its name it would be another role that is made and mended.
  const provision = `finance-db provision --only agent --agent '${role.replaceAll("'", `'\\''`)}'`
  const rights = `${provision} --sql   # shows what gives the role the rights it should have`
  const byCode: Readonly<Record<string, (finding: Finding) => string>> = {
    bypassrls: () => `alter role ${name} nobypassrls;`,
    createrole: () => `alter role ${name} nocreaterole;`,
    createdb: () => `alter role ${name} nocreatedb;`,
    replication: () => `alter role ${name} noreplication;`,
    member: ({ object }) => `revoke ${identifier(object)} from ${name};`,
    temporary: () => `revoke temporary on database ${db} from public, ${name};`,
    'no-limit': ({ object }) => `alter role ${name} in database ${db} set ${object} = '30s';`,
    'read-write': () => `alter role ${name} in database ${db} set default_transaction_read_only = on;`,
    activity: () => `alter role ${name} in database ${db} set track_activities = off;   -- as a superuser`,
    connections: () => `alter role ${name} connection limit 10;`,
    builtin: () => `${provision} --revoke-builtins   # as a superuser`,
    switched: ({ object }) => `-- log in as the role of the agent itself, not as ${object}`,
    owner: ({ object }) => `-- give ${object} to another owner`,
  }
  return [...new Set(findings.map((finding) => byCode[finding.code]?.(finding) ?? rights))]
}
