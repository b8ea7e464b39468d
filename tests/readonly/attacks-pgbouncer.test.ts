import { describe, expect, test } from 'vitest'
import { attacks } from '../../src/readonly/attacks/index.js'
import { pgbouncerBinary, startPgBouncer } from '../migrations/pgbouncer.js'
import { battlefield, reportOf } from './battlefield.js'

describe.skipIf(pgbouncerBinary === undefined)(
  'attacks through PgBouncer in transaction mode',
  { timeout: 600_000 },
  () => {
    test.each(['on', 'off'] as const)('hold with the guard %s', async (guard) => {
      await using field = await battlefield()
      // One connection behind it, so that whatever an attack leaves there meets the next query.
      await using bouncer = await startPgBouncer(pgbouncerBinary ?? '', field.agentUrl, 1)
      const door = field.door({ connectionString: bouncer.through(field.agentUrl), guard }).asUser(field.ground.me)
      const light = attacks.filter(({ heavy }) => !heavy)

      const verdicts = await field.attack(guard, light, { door })

      expect(reportOf(verdicts)).toEqual([])
      expect(verdicts).toHaveLength(light.length)
    })
  },
)
