import type { Attack, Attempt } from './shape.js'

const circle: unknown[] = []
circle.push(circle)

/** Values that are not what a parameter should be. */
const hostile: readonly unknown[] = [
  { toPostgres: () => `x'); drop table x; --` },
  { toString: () => '1; commit' },
  { toJSON: () => ({ $: 1 }) },
  Object.create(null),
  [[1, 2], [3]],
  ['a"b', 'c\\d', null, '{}'],
  new Date(Number.NaN),
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0,
  2n ** 200n,
  Symbol.iterator,
  () => 1,
  undefined,
  Buffer.from([0xff, 0xfe, 0x00]),
  new Uint8Array([0, 1, 2]),
  'a\u0000b',
  '\ud800',
  true,
  new Map([[1, 2]]),
  new Proxy({}, { get: () => 1 }),
  { value: 1n },
  circle,
  [() => 1],
  [new Date(Number.NaN)],
]

const big = Array.from({ length: 70_000 }, (_, i) => i)

/** Parameters, and text beside them. */
export const wireAttacks: readonly Attack[] = [
  {
    id: 'parameter-types',
    technique: 47,
    aim: 'process',
    gains: 'A value that the driver writes as something else, or dies of.',
    breach: 'trace',
    attempts: () =>
      hostile.flatMap((value): Attempt[] => [
        { sql: 'select $1::text', params: [value] },
        { sql: 'select $1', params: [value] },
        { sql: 'select $1::int', params: [value] },
      ]),
  },
  {
    id: 'parameter-counts',
    technique: 47,
    aim: 'session',
    gains: 'Parameters that do not match the query put the two ends of the connection out of step.',
    breach: 'trace',
    attempts: (): Attempt[] => [
      { sql: 'select $1, $2', params: [1] },
      { sql: 'select 1', params: [1] },
      { sql: 'select $1', params: [] },
      { sql: 'select $2::text', params: [1, 'a'] },
      { sql: 'select $0', params: [1] },
      { sql: 'select $65536', params: [1] },
      { sql: 'select $99999999999999999999', params: [1] },
      { sql: 'select $-1', params: [1] },
      { sql: 'select 1', params: big },
      {
        sql: `select ${big
          .slice(0, 3000)
          .map((i) => `$${i + 1}::int`)
          .join(' + ')}`,
        params: big.slice(0, 3000),
      },
      { sql: 'select $1::int, $1::text', params: ['1'] },
      { sql: 'select $1::regclass', params: ['pg_authid'] },
    ],
  },
  {
    id: 'parameters-as-names',
    technique: 47,
    aim: 'rows of others',
    gains: 'A parameter where only a name may stand.',
    breach: 'row',
    attempts: ({ schema: s, victim }): Attempt[] => [
      { sql: 'select * from $1', params: [`${s}.users`] },
      { sql: `select 0 from ${s}.users order by $1`, params: ['password_hash'] },
      {
        sql: `select user_id from ${s}.transactions where user_id = $1::uuid or user_id::text = $2`,
        params: [victim, victim],
      },
      { sql: `select id from ${s}.users where id = any ($1)`, params: [[victim]] },
      { sql: `select id from ${s}.users where id = any ($1::uuid[])`, params: [`{${victim}}`] },
      {
        sql: `select u.id from jsonb_to_recordset($1) as r(id uuid) join ${s}.users u using (id)`,
        params: [`[{"id": "${victim}"}]`],
      },
      { sql: `select $1::${s}.users`, params: ['()'] },
      { sql: `select 1 from ${s}.insights limit $1`, params: ['-1'] },
    ],
  },
]
