import type { SqlMigration } from './shape.js'

export const rounding: SqlMigration = {
  name: '0033_rounding',
  up: ({ finance }) => [
    // ISO 4217 of 2024, list one: most currencies have two decimals, these have others.
    `create function ${finance}.minor_units(currency text) returns int
language sql immutable parallel safe
as $$
select case
  when currency in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') then 0
  when currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3
  when currency in ('CLF', 'UYW') then 4
  else 2
end
$$`,
    `comment on function ${finance}.minor_units(text) is 'How many decimals amounts of a currency have (ISO 4217).'`,
    // round(numeric) of Postgres takes a half away from zero, which adds up to money over many conversions.
    `create function ${finance}.round_half_even(value numeric, digits int) returns numeric
language sql immutable parallel safe
as $$
select case
  when pg_catalog.abs(value - pg_catalog.trunc(value, digits)) * pg_catalog.power(10::numeric, digits::numeric) = 0.5
    and pg_catalog.mod(pg_catalog.trunc(value, digits) * pg_catalog.power(10::numeric, digits::numeric), 2::numeric) = 0
  then pg_catalog.trunc(value, digits)
  else pg_catalog.round(value, digits)
end
$$`,
    `comment on function ${finance}.round_half_even(numeric, int) is 'To so many decimals; a half goes to the even neighbour (IEEE 754).'`,
  ],
  down: ({ finance }) => [
    `drop function ${finance}.round_half_even(numeric, int)`,
    `drop function ${finance}.minor_units(text)`,
  ],
}
