import type { Command } from 'commander'
import { hashPassword } from '../auth/hashing.js'
import { checkPassword, generatePassword } from '../auth/password.js'
import { ConflictError } from '../errors.js'
import * as users from '../repositories/users.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import type { User } from '../schema/rows.js'
import { newUser } from '../schema/users.js'
import { type ExitCode, exit, UsageError } from './exit-codes.js'
import { askPassword, passwordFromStdin } from './read-password.js'
import { type Cli, run } from './run.js'

interface Options {
  email?: string
  username: string
  passwordStdin?: boolean
  generate?: boolean
  ifMissing?: boolean
}

export function addCreateAdmin(program: Command): void {
  program
    .command('create-admin')
    .description('add someone with the role admin; there is no default password')
    .option('--email <email>', 'default: FIRST_SUPERUSER_EMAIL')
    .option('--username <name>', 'a login name besides the email', 'admin')
    .option('--password-stdin', 'read the password from stdin')
    .option('--generate', 'make a password and print it, once')
    .option('--if-missing', 'an admin who is there already is no failure')
    .addHelpText(
      'after',
      '\nWithout --password-stdin or --generate: FIRST_SUPERUSER_PASSWORD, or a question at the terminal.',
    )
    .action(run<Options>(execute))
}

async function execute(cli: Cli, options: Options): Promise<ExitCode> {
  const { out, env } = cli
  const { username, ifMissing = false, generate = false } = options
  const email = options.email ?? (env.FIRST_SUPERUSER_EMAIL?.trim() || undefined)
  if (email === undefined) throw new UsageError('Give --email, or set FIRST_SUPERUSER_EMAIL.')
  if (generate && options.passwordStdin === true) throw new UsageError('Give --password-stdin or --generate, not both.')
  const person = parseInput(newUser, { email, username, role: 'admin' }, 'The admin')
  const { db } = cli.connect()

  // Before anyone types a password for nothing.
  const existing = await users.findByEmail(db, email)
  if (existing !== undefined) return alreadyThere(cli, existing, ifMissing)

  const password = generate ? generatePassword() : await givenPassword(cli, options)
  checkPassword(password, [email, username])
  const created = await createUnlessThere(db, { ...person, password_hash: await hashPassword(password) })
  if ('existing' in created) return alreadyThere(cli, created.existing, ifMissing)

  const { id } = created.user
  out.result({ created: true, id, email, username, ...(generate && { password }) }, () => {
    out.line(`Added the admin ${email} (username ${username}).`)
    if (generate) out.line(`Password: ${password}`)
  })
  if (generate) out.note('The password is shown this once and kept nowhere.')
  return exit.ok
}

async function givenPassword({ env }: Cli, { passwordStdin = false }: Options): Promise<string> {
  if (passwordStdin) return passwordFromStdin()
  return env.FIRST_SUPERUSER_PASSWORD || askPassword()
}

/** Two instances of a service may start at once and both want their first admin. */
async function createUnlessThere(
  db: Db,
  person: Parameters<typeof users.create>[1],
): Promise<{ user: User } | { existing: User }> {
  try {
    return { user: await users.create(db, person) }
  } catch (error) {
    const existing = error instanceof ConflictError ? await users.findByEmail(db, person.email) : undefined
    if (existing === undefined) throw error
    return { existing }
  }
}

function alreadyThere({ out }: Cli, { id, email, username, role }: User, ifMissing: boolean): ExitCode {
  if (role !== 'admin') {
    throw new UsageError(`${email} is there already, with the role ${role}. Nothing was changed.`)
  }
  const document = { created: false, id, email, username }
  out.result(document, () => out.line(`The admin ${email} is there already. Nothing was changed.`))
  return ifMissing ? exit.ok : exit.failed
}
