import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { CompiledQuery } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listenMcp } from '../../src/mcp/index.js'
import { attacks } from '../../src/readonly/attacks/index.js'
import type { AttackedDoor, Verdict } from '../../src/readonly/attacks/run.js'
import type { Attack } from '../../src/readonly/attacks/shape.js'
import { execute } from '../server.js'
import { type Battlefield, battlefield, reportOf } from './battlefield.js'

/** Where nothing runs, or all comes as text: no answer is a breach by itself, but what it shows and leaves behind is. */
const traced = attacks.map((attack): Attack => ({ ...attack, breach: 'trace' }))
const light = (list: readonly Attack[]) => list.filter(({ heavy }) => !heavy)

/** How many attempts came to an answer, which shows nothing: otherwise it was the way that did not work. */
const answered = (verdicts: readonly Verdict[]) =>
  verdicts.reduce((sum, { by, weak }) => sum + (by.filter ?? 0) + (by.harmless ?? 0) + weak.length, 0)

describe('attacks by other ways than query', { timeout: 600_000 }, () => {
  let field: Battlefield
  beforeAll(async () => {
    field = await battlefield()
  }, 120_000)
  afterAll(() => field?.[Symbol.asyncDispose]())

  /** The runner asks by `query` what the next caller on the same connection would find. */
  const besides = (door: AttackedDoor, way: AttackedDoor['query']): AttackedDoor => {
    const own = /^select (current_user::text as role|'2026-03-01'::date::text as day)/
    return { query: (sql, options) => (own.test(sql) ? door.query(sql, options) : way(sql, options)) }
  }

  test.each(['on', 'off'] as const)('explain holds with the guard %s', async (guard) => {
    const door = field.door({ guard }).asUser(field.ground.me)
    const explained = besides(door, async (sql, options) => ({
      rows: [{ plan: JSON.stringify(await door.explain(sql, options)) }],
    }))

    const verdicts = await field.attack(guard, light(traced), { door: explained })

    expect(reportOf(verdicts)).toEqual([])
    expect(answered(verdicts)).toBeGreaterThan(20)
  })

  test('a way that shows what it should not is found out', async () => {
    const door = field.door({ guard: 'on' }).asUser(field.ground.me)
    const leaking = besides(door, async () => ({ rows: [{ plan: `{"Filter": "${field.ground.canary}"}` }] }))

    const verdicts = await field.attack('on', light(traced).slice(0, 2), { door: leaking })

    expect(reportOf(verdicts).join()).toContain('shows a value of somebody else')
  })

  test('what writes is named, also when it writes but once', async () => {
    const [me, victim] = [field.ground.me, field.ground.victim]
    const write = (name: string) =>
      execute(field.ownerUrl, `update finance.users set first_name = '${name}' where id = '${me}'`)
    const attack: Attack = {
      ...attacks[0],
      breach: 'trace',
      attempts: () => [{ sql: 'a' }, { sql: 'b' }, { sql: 'c' }],
    } as Attack
    const door = field.door({ guard: 'on' }).asUser(me)
    const writing = (what: (sql: string) => Promise<void> | undefined) =>
      besides(door, async (sql) => {
        await what(sql)
        return { rows: [] }
      })
    let [n, once] = [0, 0]

    const verdicts = await field.attack('on', [attack, attack], {
      door: writing((sql) => (sql === 'b' ? write(`${victim}${n++}`) : undefined)),
    })
    const [atFirst] = await field.attack('on', [attack], {
      door: writing(() => (once++ === 0 ? write('once') : undefined)),
    })

    for (const { breaches } of verdicts) expect(breaches).toEqual([{ sql: 'b', why: 'something was written' }])
    expect(atFirst?.breaches.map(({ sql }) => sql)).toEqual(['a', 'b', 'c'])
  })

  test('typed queries hold, which no guard looks at', async () => {
    const door = field.door({ guard: 'off' }).asUser(field.ground.me)
    const typed = besides(door, async (sql, { params = [] } = {}) => {
      const { rows } = await door.db.executeQuery(CompiledQuery.raw(sql, [...params]) as never)
      return { rows: rows as Record<string, unknown>[] }
    })

    const verdicts = await field.attack('off', light(attacks), { door: typed })

    expect(reportOf(verdicts)).toEqual([])
    expect(answered(verdicts)).toBeGreaterThan(20)
  })

  test('the MCP tool holds', async () => {
    const [open, token] = [field.door({ guard: 'on' }), 'a'.repeat(40)]
    await using listener = await listenMcp(open, { access: [{ token, userId: field.ground.me }], port: 0 })
    const client = new Client({ name: 'test', version: '1' })
    const requestInit = { headers: { authorization: `Bearer ${token}` } }
    const transport = new StreamableHTTPClientTransport(new URL(listener.url), { requestInit })
    await client.connect(transport as Parameters<Client['connect']>[0])
    const tool = besides(open.asUser(field.ground.me), async (sql) => ({
      rows: [{ text: JSON.stringify(await client.callTool({ name: 'query', arguments: { sql } })) }],
    }))
    // It takes no parameters; a refusal repeats what it was asked, but never a value that it was not.
    const bare = light(traced).filter(({ attempts }) =>
      attempts(field.ground).every(({ params }) => params === undefined),
    )

    const verdicts = await field.attack('on', bare, { door: tool })

    await client.close()
    expect(reportOf(verdicts)).toEqual([])
    expect(answered(verdicts)).toBeGreaterThan(20)
  })
})
