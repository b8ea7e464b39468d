import { randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { parseInput } from '../schema/input.js'
import { loadArgon2, loadBcrypt } from './peers.js'

/**
 * What a hash costs to make, and so to guess. The defaults, 19 MiB and two passes on one lane, are the second of five
 * equal choices in the OWASP Password Storage Cheat Sheet; less than the weakest of them is refused.
 */
export const hashCost = z
  .strictObject({
    memoryKiB: z.int().min(7168).max(1_048_576).default(19_456),
    passes: z.int().min(1).max(100).default(2),
    lanes: z.int().min(1).max(16).default(1),
  })
  .refine(({ memoryKiB, passes }) => memoryKiB * passes >= 35_840, {
    error: 'costs less than OWASP asks for, such as 19456 KiB with 2 passes or 7168 KiB with 5',
  })

export type HashCost = z.input<typeof hashCost>

/** bcrypt reads this many bytes of a password. Most systems that use it cut the rest off without a word. */
const bcryptReads = 72

/**
 * An argon2id hash for `users.password_hash`, salted anew each time. The password is brought into Unicode form NFC first
 * (RFC 8265), so that keyboards that spell an é as two code points open the same door.
 *
 * @throws {InvalidInputError} The cost is below what OWASP asks for.
 * @throws {UnsupportedError} `@node-rs/argon2` is not installed.
 */
export async function hashPassword(password: string, cost: HashCost = {}): Promise<string> {
  const { memoryKiB, passes, lanes } = parseInput(hashCost, cost, 'The cost')
  const argon2 = await loadArgon2()
  // 2 is Argon2id: the enum of the package is const and does not exist at run time.
  return argon2.hash(password.normalize(), {
    algorithm: 2,
    memoryCost: memoryKiB,
    timeCost: passes,
    parallelism: lanes,
  })
}

/**
 * Whether the hash is of this password: argon2id, or bcrypt from an older system (`$2a$`, `$2b$`, `$2y$`). Of a password
 * longer than 72 bytes bcrypt knows the first 72, and those decide, as they did there. False for any other hash.
 *
 * @throws {UnsupportedError} The package for this kind of hash is not installed: `@node-rs/argon2` or `bcryptjs`.
 */
export async function verifyPassword(hash: string, password: string): Promise<boolean> {
  if (bcryptHash.test(hash)) {
    const bcrypt = await loadBcrypt()
    // Not bcrypt.compare: it takes a salt for another when the unused bits of its last letter are set, as older
    // versions of passlib left them.
    const again = await bcrypt.hash(password, hash.slice(0, 29))
    return timingSafeEqual(Buffer.from(again.slice(29)), Buffer.from(hash.slice(29)))
  }
  if (!argon2idHash.test(hash)) return false
  const argon2 = await loadArgon2()
  const normal = password.normalize()
  if (await argon2.verify(hash, normal)) return true
  // Hashed elsewhere, as it was typed.
  return normal !== password && argon2.verify(hash, password)
}

const argon2idHash = /^\$argon2id\$(?:v=(\d+)\$)?m=(\d+),t=(\d+),p=(\d+)\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{16,}$/
const bcryptHash = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/

/** Whether it should be hashed anew while the password is at hand: another algorithm, or argon2id for less than `cost`. */
export function needsRehash(hash: string, cost: HashCost = {}): boolean {
  const wanted = parseInput(hashCost, cost, 'The cost')
  const [found, version, memoryKiB, passes] = argon2idHash.exec(hash) ?? []
  if (found === undefined || version !== '19') return true
  return Number(memoryKiB) < wanted.memoryKiB || Number(passes) < wanted.passes
}

/**
 * Whether bcrypt has seen only a part of it. Then the rest, as typed now, may not be what the person chose: it must not
 * become the password.
 */
export function isCutByBcrypt(hash: string, password: string): boolean {
  return bcryptHash.test(hash) && Buffer.byteLength(password) > bcryptReads
}

const decoys = new Map<string, Promise<string>>()

/** A hash of nothing anybody knows, at this cost, to spend on a name that nobody has the time that a real one takes. */
export function decoyHash(cost: HashCost = {}): Promise<string> {
  const key = JSON.stringify(parseInput(hashCost, cost, 'The cost'))
  const made = decoys.get(key) ?? hashPassword(randomBytes(32).toString('base64url'), cost)
  decoys.set(key, made)
  made.catch(() => decoys.delete(key))
  return made
}
