import { UnsupportedError } from '../errors.js'

/** The optional packages of authentication, loaded when they are first needed: the core runs without them. */

export function loadArgon2() {
  return import('@node-rs/argon2').catch(missing('Passwords are hashed', '@node-rs/argon2'))
}

export function loadBcrypt() {
  return import('bcryptjs').catch(missing('Passwords of older systems are verified', 'bcryptjs'))
}

export function loadJose() {
  return import('jose').catch(missing('Access tokens are signed and verified', 'jose'))
}

function missing(what: string, name: string): (cause: unknown) => never {
  return (cause) => {
    throw new UnsupportedError(`${what} with ${name}: npm install ${name}`, { cause })
  }
}
