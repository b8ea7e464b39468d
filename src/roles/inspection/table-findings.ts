import { finding } from './finding.js'

/** Over the relations of `relations.ts`. */
export const tableFindings: readonly string[] = [
  finding(
    'writes',
    'unfit',
    'r.label',
    `format('It may %s %s.', lower(array_to_string(r.privileges, ', ') collate "C"), r.label)`,
    'from rel r where cardinality(r.privileges) > 0',
  ),
  finding(
    'secret',
    'unfit',
    `r.label || '.' || a.attname`,
    `format('It may read %s.%s, which is not for agents.', r.label, a.attname)`,
    `from me, rel r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      where r.ours and r.is_table and has_column_privilege(me.oid, r.oid, a.attnum, 'select') and (r.name, a.attname) in (select s.t, s.c from secret s)
        or r.ours and r.is_table and r.name in (select s.t from secret s where s.c = '*') and has_column_privilege(me.oid, r.oid, a.attnum, 'select')`,
  ),
  finding(
    'secret',
    'unfit',
    'c.oid::regclass',
    `format('It may read %s, which has secrets of the server.', c.oid::regclass)`,
    `from me, pg_class c where c.oid in ('pg_authid'::regclass, 'pg_shadow'::regclass, 'pg_user_mapping'::regclass,
      'pg_statistic'::regclass, 'pg_largeobject'::regclass, 'pg_subscription'::regclass, 'pg_hba_file_rules'::regclass,
      'pg_file_settings'::regclass) and has_any_column_privilege(me.oid, c.oid, 'select')
      and (c.oid <> 'pg_subscription'::regclass or has_column_privilege(me.oid, c.oid, 'subconninfo', 'select'))`,
  ),
  finding(
    'unlimited',
    'unfit',
    'r.label',
    `format('It reads every row of %s: no policy as finance-db makes them limits it to one person.', r.label)`,
    `from limited, rel r where limited.so and r.readable and not r.of_extension and not (r.secured and r.restricted)`,
  ),
  finding(
    'other-tables',
    'unfit',
    'r.label',
    `format('It may read %s, which is not of the finance schema.', r.label)`,
    `from limited, rel r where not limited.so and r.readable and not r.ours and not r.of_extension`,
  ),
  finding(
    'extension',
    'weak',
    'r.label',
    `format('It may read %s of an extension.', r.label)`,
    `from rel r where r.readable and r.of_extension`,
  ),
  finding(
    'writes',
    'unfit',
    'c.label',
    `format('It may %s %s.', lower(c.privilege_type collate "C"), c.label)`,
    'from catalogue c',
  ),
]
