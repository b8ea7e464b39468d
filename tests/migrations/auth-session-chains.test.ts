import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { migrate } from '../../src/migrations/index.js'
import { emptyDatabase } from './support.js'

test('0023 gives rotated tokens of an older database the family of their first', async () => {
  await using database = await emptyDatabase()
  const { db } = database
  await migrate(db, { to: '0022_investment_prices', vector: 'off' })
  const id = (n: number) => `00000000-0000-7000-8000-00000000000${n}`
  await sql`insert into finance.users (id, email) values (${id(0)}, 'ada@example.org')`.execute(db)
  await sql`insert into finance.auth_sessions (user_id, id, refresh_token_hash, created_at, expires_at, revoked_at, replaced_by) values
    (${id(0)}, ${id(1)}, 'a', '2026-01-01', '2026-02-01', '2026-01-02', ${id(2)}),
    (${id(0)}, ${id(2)}, 'b', '2026-01-02', '2026-02-02', '2026-01-03', ${id(3)}),
    (${id(0)}, ${id(3)}, 'c', '2026-01-03', '2026-02-03', null, null),
    (${id(0)}, ${id(4)}, 'd', '2026-01-04', '2026-02-04', null, null)`.execute(db)

  await migrate(db, { vector: 'off' })

  const { rows } = await sql<{ id: string; family_id: string; day: string; same: boolean }>`
    select id, family_id, to_char(started_at, 'YYYY-MM-DD') as day, ends_at = expires_at as same
    from finance.auth_sessions order by id`.execute(db)
  expect(rows).toEqual([
    { id: id(1), family_id: id(1), day: '2026-01-01', same: true },
    { id: id(2), family_id: id(1), day: '2026-01-01', same: true },
    { id: id(3), family_id: id(1), day: '2026-01-01', same: true },
    { id: id(4), family_id: id(4), day: '2026-01-04', same: true },
  ])
})
