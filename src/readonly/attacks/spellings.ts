/** The same expression in every place of a query where one may stand. */
export function places(expression: string): string[] {
  const e = expression
  return [
    `select ${e}`,
    `select (select ${e})`,
    `with x as materialized (select ${e} as v) select * from x`,
    `with recursive x(n) as (select 1 union all select n + 1 from x where n < 2 and ${e} is null) select * from x`,
    `values (1, ${e}::text)`,
    `(((select ${e})))`,
    `select 1 order by ${e}`,
    `select 1 group by ${e}`,
    `select 1 where ${e} is not null`,
    `select 1 having count(${e}) > 0`,
    `select 1 limit length(${e}::text)`,
    `select 1 offset length(${e}::text)`,
    `select distinct on (${e}) 1`,
    `select count(*) filter (where ${e} is null) from (values (1)) v(x)`,
    `select sum(1) over (partition by ${e})`,
    `select sum(x) over w from (values (1)) v(x) window w as (order by ${e})`,
    `select sum(x) over (order by x rows between length(${e}::text) preceding and current row) from (values (1)) v(x)`,
    `select case when ${e} is null then 1 else 2 end`,
    `select coalesce(null, ${e}::text)`,
    `select nullif(${e}::text, '')`,
    `select greatest('', ${e}::text)`,
    `select array[${e}::text]`,
    `select (array['a'])[length(${e}::text)]`,
    `select row(${e})`,
    `select x from (values (1)) v(x) join (values (1)) w(y) on ${e} is not null`,
    `select l.* from (values (1)) v(x), lateral (select ${e}) l`,
    `select exists (select ${e})`,
    `select 1 where 'a' in (${e}::text)`,
    `select 'a' like ${e}::text`,
    `select 'a' between ${e}::text and ${e}::text`,
    `select 1 where 'a' = any (array[${e}::text])`,
    `select string_agg(${e}::text, ',' order by ${e}::text)`,
    `select percentile_disc(0.5) within group (order by ${e}::text)`,
    `select 1 union all select length(${e}::text)`,
    `select 1 except select length(${e}::text)`,
    `select jsonb_build_object('a', ${e}::text) -> 'a'`,
    `select xmlelement(name a, ${e}::text)`,
    `select extract(epoch from now()) + length(${e}::text)`,
    `select overlay('abc' placing ${e}::text from 1)`,
    `select cast(${e} as text) collate "C"`,
    `select 1 operator(pg_catalog.+) length(${e}::text)`,
    `select u.v from unnest(array[${e}::text]) with ordinality u(v, n)`,
    `select * from rows from (generate_series(1, length(${e}::text)), generate_series(1, 1)) r`,
    `select grouping(x) from (values (1)) v(x) group by grouping sets ((x), ()) having ${e} is not null`,
  ]
}

/** The same function under other spellings of its name. It is in `pg_catalog`. */
export function namesOf(name: string): string[] {
  const escaped = [...name].map((c, i) => (i === 1 ? unicode(c) : c)).join('')
  return [
    name,
    name.toUpperCase(),
    `"${name}"`,
    `pg_catalog.${name}`,
    `pg_catalog . "${name}"`,
    `"pg_catalog"."${name}"`,
    `PG_CATALOG./* */${name}`,
    `pg_catalog.--\n${name}`,
    `U&"${escaped}"`,
    `u&"${escaped.replaceAll('\\', '!')}" uescape '!'`,
    `/*/**/*/${name}\n`,
    `\u{feff}${name}`,
    `${name}\u{a0}`,
  ]
}

/** A call of one argument as a field of it, of a column, and of what a function of FROM gives. */
export function asField(name: string, argument: string): string[] {
  return [
    `select (${argument}).${name}`,
    `select x.${name} from unnest(array[${argument}]) x`,
    `select (x.y).${name} from (select ${argument} as y) x`,
    `select "unnest"."${name}" from unnest(array[${argument}])`,
  ]
}

/**
 * A call in several spellings and places: the plain one, `spread` others of each, as a table, and as a field where it takes one
 * argument. Which ones depends on `turn` alone, so that a long list of functions meets all of them.
 */
export function callVariants(name: string, argumentList: string, turn: number, spread = 2): string[] {
  const names = namesOf(name)
  const call = `${name}(${argumentList})`
  const all = places(call)
  const chosen = Array.from({ length: spread }, (_, i) => all[(turn * spread + i) % all.length] as string)
  const spelt = Array.from({ length: spread }, (_, i) => {
    const spelling = names[1 + ((turn * spread + i) % (names.length - 1))]
    return `select ${spelling}(${argumentList})`
  })
  const fields = /^('[^']*'|[^',]+)$/.test(argumentList) ? asField(name, argumentList) : []
  return [`select ${call}`, `select * from ${call} as f`, ...chosen, ...spelt, ...fields.slice(0, spread)]
}

function unicode(character: string): string {
  return `\\${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
}
