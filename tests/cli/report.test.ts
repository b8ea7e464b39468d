import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { freshDatabase, test } from '../support.js'
import { cli, temporaryDirectory } from './support.js'

describe('finance-db report', { timeout: 120_000 }, () => {
  test('writes a page about a user, and one about everybody that names nobody', async () => {
    await using fresh = await freshDatabase()
    await using directory = await temporaryDirectory()
    const env = { DATABASE_URL: fresh.url }
    const seeded = JSON.parse((await cli(['seed', '--users', '6', '--days', '120', '--json'], { env })).stdout)
    const people = await fresh.db.selectFrom('finance.users').select(['id', 'email', 'username', 'last_name']).execute()

    const about = await cli(['report', '--user', 'demo_user', '--json'], { env, cwd: directory.path })
    const everybody = await cli(['report', '--days', '60', '--as-of', '2025-12-15', '--out', 'all.html'], {
      env,
      cwd: directory.path,
    })

    const file = join(directory.path, 'report.html')
    const text = await readFile(file, 'utf8')
    expect(about).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(about.stdout)).toMatchObject({ file, about: 'user', bytes: Buffer.byteLength(text) })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(text).toContain('Everyday Checking')
    expect(everybody.code).toBe(0)
    expect(everybody.stdout).toContain('2025-10-17 to 2025-12-15')
    const all = await readFile(join(directory.path, 'all.html'), 'utf8')
    expect(all).toContain('<dt>People</dt><dd>6</dd>')
    expect(people).toHaveLength(seeded.userIds.length)
    for (const { id, email, username, last_name } of people) {
      for (const name of [id, email, username, last_name]) if (name !== null) expect(all).not.toContain(name)
    }
  })

  test('replaces no file unless told, and tells what is wrong by exit code 2', async () => {
    await using fresh = await freshDatabase()
    await using directory = await temporaryDirectory()
    const surroundings = { env: { DATABASE_URL: fresh.url }, cwd: directory.path }
    const file = join(directory.path, 'mine.html')
    await writeFile(file, 'mine', { mode: 0o644 })

    const refused = await cli(['report', '--out', 'mine.html'], surroundings)
    const kept = await readFile(file, 'utf8')
    const forced = await cli(['report', '--out', 'mine.html', '--force'], surroundings)
    const nowhere = await cli(['report', '--out', 'no/such/place.html'], surroundings)
    const nobody = await cli(['report', '--user', 'nobody'], surroundings)
    const never = await cli(['report', '--as-of', '2025-02-30'], surroundings)

    expect([refused.code, nowhere.code, nobody.code, never.code]).toEqual([2, 2, 2, 2])
    expect(refused.stderr).toContain('--force')
    expect(nowhere.stderr).toContain('ENOENT')
    expect(kept).toBe('mine')
    expect(forced.code).toBe(0)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toContain('There are fewer than 5 people.')
  })
})
