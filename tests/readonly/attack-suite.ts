import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFinanceDb, migrate } from '../../src/index.js'
import { attacks } from '../../src/readonly/attacks/index.js'
import type { Attack } from '../../src/readonly/attacks/shape.js'
import { startServer } from '../faults/servers.js'
import { type Battlefield, battlefield, reportOf } from './battlefield.js'

/** What may stop a whole server has one of its own: tests beside it would fail. */
const stopsServers = ({ id }: Attack) => id === 'lock-table'

/** Every attack there is, the heavy ones too. A file for each guard, so that they run side by side. */
export function attackSuite(guard: 'on' | 'off'): void {
  async function fightOff(field: Battlefield, attack: Attack) {
    const verdicts = await field.attack(guard, [attack], { heavy: attack.heavy ?? false })

    expect(reportOf(verdicts)).toEqual([])
    expect(verdicts[0]?.attempts).toBeGreaterThan(0)
  }
  const named = (chosen: readonly Attack[]) => chosen.map((attack) => [attack.id, attack] as const)

  describe(`attacks on the read-only door with the guard ${guard}`, { timeout: 600_000 }, () => {
    let field: Battlefield
    beforeAll(async () => {
      field = await battlefield()
    }, 120_000)
    afterAll(() => field?.[Symbol.asyncDispose]())

    test.each(named(attacks.filter((attack) => !stopsServers(attack))))('%s', (_, attack) => fightOff(field, attack))

    test.each(named(attacks.filter(stopsServers)))('%s', async (_, attack) => {
      await using server = await startServer()
      await using db = createFinanceDb({ connectionString: server.url, sslMode: 'disable' }, {})
      await migrate(db)
      const database = { url: server.url, db, [Symbol.asyncDispose]: () => db.destroy() }
      await using own = await battlefield({ database })

      await fightOff(own, attack)
    })
  })
}
