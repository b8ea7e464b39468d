import { type Attack, texts } from './shape.js'
import { asField, callVariants } from './spellings.js'

/** Ways to be somebody else. */
export const scopeAttacks: readonly Attack[] = [
  {
    id: 'spoof-in-one-select',
    technique: 21,
    aim: 'rows of others',
    gains: 'The scope is set in the query itself, before its tables are read.',
    breach: 'row',
    attempts: ({ schema: s, victim, forgedScopes }) =>
      forgedScopes.flatMap((scope) => {
        const set = `set_config('finance_db.scope', '${scope.replaceAll("'", "''")}', true)`
        const theirs = `${s}.transactions t where t.user_id = '${victim}'`
        return [
          ...texts(
            `with x as materialized (select ${set}) select t.user_id from x, ${s}.transactions t where t.user_id = '${victim}'`,
            `select t.user_id from (select ${set} offset 0) x, lateral (select * from ${theirs} offset 0) t`,
            `select (select count(*) from ${theirs}) > 0 as b, ${set} is null as c`,
            `select u.id from ${s}.users u where u.id = '${victim}' and ${set} is not null`,
            `select id from ${s}.users where ${set} <> '' union all select id from ${s}.users where id = '${victim}'`,
            `select count(*) from ${s}.accounts where user_id = '${victim}' having ${set} is not null`,
          ),
          {
            sql: `with x as materialized (select set_config('finance_db.scope', $1, true)) select t.user_id from x, ${s}.transactions t where t.user_id = $2`,
            params: [scope, victim],
          },
        ]
      }),
  },
  {
    id: 'other-settings',
    technique: 21,
    aim: 'rows of others',
    gains: 'Settings that some other way of scoping would believe.',
    breach: 'row',
    attempts: ({ schema: s, victim }) =>
      [
        'app.user_id',
        'finance_db.user_id',
        'request.jwt.claim.sub',
        'request.jwt.claims',
        'row_security',
        'role',
        'finance_db.actor',
      ]
        .map((name) => [name, name === 'row_security' ? 'off' : name === 'role' ? 'none' : victim] as const)
        .flatMap(([name, value]) =>
          texts(
            `with x as materialized (select set_config('${name}', '${value}', true)) select t.user_id from x, ${s}.transactions t where t.user_id = '${victim}'`,
            `select u.id from ${s}.users u where u.id <> (select id from ${s}.users limit 1) and set_config('${name}', '${value}', false) is not null`,
          ),
        ),
  },
  {
    id: 'read-the-scope',
    technique: 44,
    aim: 'disclosure',
    gains: 'The signed scope itself, to be used by somebody else until it expires.',
    breach: (rows) => {
      const found = rows.some((row) => Object.values(row).some((value) => String(value).includes('v1.')))
      return found ? 'the answer shows the signed scope' : undefined
    },
    withoutGuard: 'The query can read its own scope, which is for rows that it sees anyway and expires soon.',
    attempts: () => [
      ...texts(
        ...callVariants('current_setting', `'finance_db.scope'`, 0, 4),
        ...callVariants('current_setting', `'finance_db.' || 'scope', true`, 6, 4),
        ...asField('current_setting', `'finance_db.scope'`),
        `select (array['finance_db.scope'])[1].current_setting`,
        `select (select 'finance_db.scope').current_setting`,
        `select text.current_setting from cast('finance_db.scope' as text)`,
        `select x.current_setting from unnest(array['finance_db.scope']) x, (select 1 as current_setting) y`,
        `select current_setting.current_setting from unnest(array['finance_db.scope']) current_setting(y)`,
        `select x.current_setting from rows from (unnest(array['finance_db.scope'])) x`,
        `select (e.value #>> '{}').current_setting from json_array_elements('["finance_db.scope"]') e`,
        `select setting from pg_settings where name = 'finance_db.scope'`,
        `select setting from pg_catalog.pg_settings where name like 'finance%'`,
        `select * from pg_show_all_settings() where name = 'finance_db.scope'`,
      ),
      { sql: 'select current_setting($1)', params: ['finance_db.scope'] },
      { sql: 'select ($1::text).current_setting', params: ['finance_db.scope'] },
    ],
  },
  {
    id: 'scope-keys',
    technique: 44,
    aim: 'secrets',
    gains: 'The keys, with which any scope can be signed.',
    breach: 'answer',
    attempts: ({ schema: s }) =>
      texts(
        `select * from ${s}.scope_keys`,
        `select id, inner_key, outer_key from ${s}.scope_keys`,
        `table ${s}.scope_keys`,
        `select count(*) from ${s}.scope_keys`,
        `select exists (select from ${s}.scope_keys where get_byte(inner_key, 0) > 128)`,
        `select to_jsonb(k) from ${s}.scope_keys k`,
        `select * from ${s}.database_roles`,
      ),
  },
  {
    id: 'own-scope-function',
    technique: 44,
    aim: 'rows of others',
    gains: 'A scope made by the function that verifies it.',
    breach: (rows, { victim }) => {
      const found = rows.some((row) => Object.values(row).some((value) => String(value).includes(victim)))
      return found ? 'the database took a forged scope' : undefined
    },
    attempts: ({ schema: s, forgedScopes }) => [
      ...forgedScopes.flatMap((scope) => [
        { sql: `select ${s}.set_scope($1)`, params: [scope] },
        ...texts(`select ${s}.set_scope('${scope.replaceAll("'", "''")}')`),
        {
          sql: `select ${s}.scoped_user() from (select set_config('finance_db.scope', $1, true) offset 0) x`,
          params: [scope],
        },
      ]),
      ...texts(
        `select ${s}.set_scope(null)`,
        `select ${s}.set_scope('')`,
        `select ${s}.set_scope(repeat('a', 100000))`,
      ),
    ],
  },
]
