/**
 * What isolation costs a test: a sandbox against `BEGIN` and `ROLLBACK` by hand, around the same statements on the same
 * kind of connection. Rounds alternate, the medians count.
 *
 *     npx tsx bench/sandbox.ts [tests a round]
 */
import pg from 'pg'
import { copyDatabase, createSandboxes, startTestDatabases } from '../src/testing/index.js'

const tests = Number(process.argv[2] ?? 200)
const rounds = 7
const databases = await startTestDatabases()
const copy = await copyDatabase(databases.handle)
const url = copy.url ?? ''

const insert = 'insert into finance.users (email) values ($1) returning id'
const list = 'select id, email from finance.users where email = $1'

/** A small test: two writes and a read. */
async function body(on: Pick<pg.ClientBase, 'query'>): Promise<void> {
  await on.query(insert, ['a@example.test'])
  await on.query(insert, ['b@example.test'])
  await on.query(list, ['b@example.test'])
}

async function byHand(client: pg.Client): Promise<void> {
  await client.query('begin')
  await body(client)
  await client.query('rollback')
}

const client = new pg.Client({ connectionString: url })
await client.connect()
const sandboxes = createSandboxes(url)

async function inSandbox(deferred: 'end' | 'never'): Promise<void> {
  const sandbox = await sandboxes.open({ deferred })
  await body(sandbox.pool as unknown as pg.ClientBase)
  await sandbox.close()
}

async function measure(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  for (let i = 0; i < tests; i++) await work()
  return (performance.now() - began) / tests
}

const median = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
const hand: number[] = []
const sandbox: number[] = []
const unchecked: number[] = []
await measure(() => byHand(client))
await measure(() => inSandbox('end'))
for (let round = 0; round < rounds; round++) {
  hand.push(await measure(() => byHand(client)))
  sandbox.push(await measure(() => inSandbox('end')))
  unchecked.push(await measure(() => inSandbox('never')))
}
console.log(`${databases.describe}, ${rounds} rounds of ${tests} tests of three statements`)
console.log(`by hand ${median(hand).toFixed(2)} ms a test`)
for (const [name, times] of [
  ['sandbox without the deferred triggers, which a rollback by hand leaves out too', unchecked],
  ['sandbox with them', sandbox],
] as const) {
  const above = median(times) - median(hand)
  console.log(`${name}: ${above.toFixed(2)} ms above, ${(median(times) / median(hand)).toFixed(2)} times`)
}

await client.end()
await sandboxes.close()
await copy[Symbol.asyncDispose]()
await databases.stop()
