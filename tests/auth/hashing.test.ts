import { hash as argon2, verify } from '@node-rs/argon2'
import bcrypt from 'bcryptjs'
import { describe, expect, test } from 'vitest'
import { decoyHash, isCutByBcrypt } from '../../src/auth/hashing.js'
import { checkPassword, hashPassword, needsRehash, verifyPassword } from '../../src/auth/index.js'
import { InvalidInputError } from '../../src/index.js'

const weak = { algorithm: 2, memoryCost: 4096, timeCost: 1, parallelism: 1 }

describe('a password hash', () => {
  test('is argon2id at the cost that OWASP asks for, salted anew each time', async () => {
    const [one, two] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')])

    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(one).not.toBe(two)
    expect(await verify(one, 'correct horse')).toBe(true)
  })

  test('costs what the host asks for, but never less than OWASP does', async () => {
    expect(await hashPassword('correct horse', { memoryKiB: 7168, passes: 5 })).toContain('$m=7168,t=5,p=1$')
    expect(await hashPassword('correct horse', { lanes: 2 })).toContain('$m=19456,t=2,p=2$')
    await expect(hashPassword('correct horse', { memoryKiB: 7168 })).rejects.toThrow(InvalidInputError)
    await expect(hashPassword('correct horse', { memoryKiB: 4096, passes: 20 })).rejects.toThrow(InvalidInputError)
    expect(() => needsRehash('', { passes: 1 })).toThrow(InvalidInputError)
  })

  test.each([
    // test vectors of pyca/bcrypt and of crypt_blowfish, and the output of libxcrypt
    ['2b', 'Kk4DQuMMfZL9o', '$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm'],
    ['2a', 'U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['2y', 'rasmuslerdorf', '$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq'],
  ])('of an older system is verified: bcrypt $%s$', async (_, password, hash) => {
    expect(await verifyPassword(hash, password)).toBe(true)
    expect(await verifyPassword(hash, `${password}!`)).toBe(false)
    expect(needsRehash(hash)).toBe(true)
  })

  test('of bcrypt is verified also where the salt has bits that bcrypt does not read', async () => {
    const hash = '$2y$07$BCryptRequires22Chrctf/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq'

    expect(await verifyPassword(hash, 'rasmuslerdorf')).toBe(true)
    expect(await verifyPassword(hash.replace('Chrctf', 'Chrcuf'), 'rasmuslerdorf')).toBe(false)
  })

  test('of bcrypt knows the first 72 bytes, as it did where it was made, and no NUL ends it', async () => {
    const long = 'é'.repeat(36)
    const hash = await bcrypt.hash(`${long}and more`, 4)

    expect(await verifyPassword(hash, `${long}something else`)).toBe(true)
    expect(await verifyPassword(hash, long.slice(0, -1))).toBe(false)
    expect(await verifyPassword(await bcrypt.hash('abc', 4), 'abc\0def')).toBe(false)
    expect([long, `${long}!`].map((password) => isCutByBcrypt(hash, password))).toEqual([false, true])
  })

  test('is the same for a letter however the keyboard spells it, and of another system as it was typed', async () => {
    expect(await verifyPassword(await hashPassword('caf\u00e9 au lait'), 'cafe\u0301 au lait')).toBe(true)
    expect(await verifyPassword(await hashPassword('cafe\u0301 au lait'), 'caf\u00e9 au lait')).toBe(true)
    expect(await verifyPassword(await argon2('cafe\u0301 au lait', weak), 'cafe\u0301 au lait')).toBe(true)
    expect(await verifyPassword(await hashPassword('cafe au lait'), 'cafe\u0301 au lait')).toBe(false)
  })

  test('that is none is of no password', async () => {
    const good = await hashPassword('correct horse')
    for (const hash of ['', 'correct horse', '$argon2id$', '$argon2id$v=19$m=1', '$2b$10$short', good.slice(0, 40)]) {
      expect(await verifyPassword(hash, 'correct horse')).toBe(false)
    }
    expect(await verifyPassword(good.replace('argon2id', 'argon2i'), 'correct horse')).toBe(false)
  })

  test('needs to be made anew when it is of less than the cost, and not when it is of more', async () => {
    const [older, today, dearer] = [
      await argon2('x', { ...weak, memoryCost: 19_456 }),
      await hashPassword('x'),
      await hashPassword('x', { memoryKiB: 32_768, passes: 3 }),
    ]

    expect([older, today, dearer].map((hash) => needsRehash(hash))).toEqual([true, false, false])
    expect(needsRehash(today, { memoryKiB: 32_768 })).toBe(true)
    expect(needsRehash('nonsense')).toBe(true)
    expect(needsRehash(today.replace('v=19', 'v=16'))).toBe(true)
    expect(needsRehash(today.replace('v=19$', ''))).toBe(true)
  })
})

test('the hash of nobody’s password costs what that of a person does, and is made once', async () => {
  const decoy = await decoyHash({ memoryKiB: 32_768 })

  expect(decoy).toContain('$m=32768,t=2,p=1$')
  expect(await decoyHash({ memoryKiB: 32_768 })).toBe(decoy)
  expect(await decoyHash()).toContain('$m=19456,t=2,p=1$')
})

describe('a new password', () => {
  const refusal = (password: string, about: string[] = [], minLength?: number) => {
    try {
      checkPassword(password, about, { minLength })
      return undefined
    } catch (error) {
      return error instanceof InvalidInputError ? error.issues[0]?.message : error
    }
  }

  test('has 12 characters or as many as the host says, and never fewer than 8 or more than 1024', () => {
    expect(refusal('tQ7-xk2zM1a')).toContain('12 characters')
    expect(refusal('tQ7-xk2zM1ab')).toBeUndefined()
    expect(refusal('tQ7-xk2z', [], 8)).toBeUndefined()
    expect(refusal('tQ7-xk2zM1ab', [], 15)).toContain('15 characters')
    expect(refusal('tQ7-xk2zM1ab', [], 7)).toContain('8 or more')
    expect(refusal('tQ7-xk2zM1ab', [], Number.NaN)).toContain('8 or more')
    expect(refusal('tQ7-xk2z'.repeat(128))).toBeUndefined()
    expect(refusal(`${'tQ7-xk2z'.repeat(128)}!`)).toContain('1024')
  })

  test('is not the name it is for, whatever the alphabet', () => {
    expect(refusal('Ada.Lovelace-', ['ada.lovelace@example.org'])).toContain('name or email')
    expect(refusal('пароль из кириллицы', ['иван@example.org'])).toBeUndefined()
    expect(refusal('half a pair \ud800')).toContain('Unicode')
  })
})
