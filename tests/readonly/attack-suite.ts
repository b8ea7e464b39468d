import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attacks } from '../../src/readonly/attacks/index.js'
import { type Battlefield, battlefield, reportOf } from './battlefield.js'

/** Every attack there is, the heavy ones too. A file for each guard, so that they run side by side. */
export function attackSuite(guard: 'on' | 'off'): void {
  describe(`attacks on the read-only door with the guard ${guard}`, { timeout: 600_000 }, () => {
    let field: Battlefield
    beforeAll(async () => {
      field = await battlefield()
    }, 120_000)
    afterAll(() => field?.[Symbol.asyncDispose]())

    test.each(attacks.map((attack) => [attack.id, attack] as const))('%s', async (_, attack) => {
      const verdicts = await field.attack(guard, [attack], { heavy: true })

      expect(reportOf(verdicts)).toEqual([])
      expect(verdicts[0]?.attempts).toBeGreaterThan(0)
    })
  })
}
