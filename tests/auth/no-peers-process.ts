/** Calls what needs optional packages where they cannot be found, and prints what each call came to. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { register } from 'node:module'

const hooks = `export async function resolve(name, context, next) {
  if (['jose', 'bcryptjs', '@node-rs/argon2'].includes(name)) {
    throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
  }
  return next(name, context)
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)

const { checkPassword, createTokens, hashPassword, verifyPassword } = await import('../../src/auth/index.js')
const keys = () => [{ id: 'one', key: createSecretKey(randomBytes(32)) }]
const tokens = createTokens({ issuer: 'i', audience: 'a', keys })

const calls: [string, () => unknown][] = [
  ['checkPassword', () => checkPassword('correct horse battery')],
  ['hashPassword', () => hashPassword('correct horse battery')],
  ['verifyPassword', () => verifyPassword(`$2b$10$${'a'.repeat(53)}`, 'x')],
  ['authenticate', () => tokens.authenticate('x')],
]
for (const [name, call] of calls) {
  try {
    await call()
    console.log(`${name}: done`)
  } catch (error) {
    console.log(`${name}: ${error instanceof Error ? `${error.name}: ${error.message}` : error}`)
  }
}
