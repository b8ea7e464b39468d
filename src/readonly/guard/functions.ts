/**
 * The built-in functions that a query may call: what analysts need and what touches nothing but its arguments. Not among
 * them: whatever is volatile (but random), waits, locks, signals, notifies, reads files, settings, catalogues or the session,
 * runs SQL that is hidden in a string (`query_to_xml`, `ts_stat`, `dblink`), or looks at names of objects.
 */
const lists = `
  count sum avg min max bool_and bool_or every bit_and bit_or bit_xor any_value
  array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg json_agg_strict jsonb_agg_strict
  json_object_agg_strict jsonb_object_agg_strict json_object_agg_unique jsonb_object_agg_unique range_agg
  range_intersect_agg stddev stddev_pop stddev_samp variance var_pop var_samp
  corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
  mode percentile_cont percentile_disc grouping
  row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value

  abs acos acosd asin asind atan atan2 atan2d atand cbrt ceil ceiling cos cosd cosh cot cotd degrees div erf erfc exp
  factorial floor gcd lcm ln log log10 min_scale mod pi power pow radians random random_normal round scale sign sin sind sinh sqrt tan tand
  tanh trim_scale trunc width_bucket numeric int4 int8 float8 greatest least

  ascii bit_length btrim casefold char_length character_length chr concat concat_ws convert_from convert_to decode encode
  format initcap left length lower lpad ltrim md5 normalize is_normalized octet_length overlay parse_ident position
  quote_literal quote_nullable regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace
  regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right rpad rtrim sha224 sha256 sha384
  sha512 split_part starts_with string_to_array string_to_table strpos substr substring to_ascii to_bin to_hex to_oct
  translate unistr upper like like_escape notlike similar_escape similar_to_escape textlike text varchar bpchar
  crc32 crc32c get_bit get_byte set_bit set_byte bit_count

  age clock_timestamp date date_add date_bin date_part date_subtract date_trunc extract isfinite justify_days
  justify_hours justify_interval make_date make_interval make_time make_timestamp make_timestamptz now
  statement_timestamp timeofday timezone to_char to_date to_number to_timestamp transaction_timestamp overlaps
  interval timestamp timestamptz

  array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position array_positions
  array_prepend array_remove array_replace array_reverse array_sample array_shuffle array_sort array_to_json
  array_to_string array_upper cardinality generate_series generate_subscripts trim_array unnest

  to_json to_jsonb row_to_json json_build_array json_build_object jsonb_build_array jsonb_build_object json_object
  jsonb_object json_array_elements jsonb_array_elements json_array_elements_text jsonb_array_elements_text
  json_array_length jsonb_array_length json_each jsonb_each json_each_text jsonb_each_text json_extract_path
  jsonb_extract_path json_extract_path_text jsonb_extract_path_text json_object_keys jsonb_object_keys
  json_populate_record jsonb_populate_record json_populate_recordset jsonb_populate_recordset
  json_strip_nulls jsonb_strip_nulls json_to_record jsonb_to_record json_to_recordset jsonb_to_recordset json_typeof
  jsonb_typeof jsonb_insert jsonb_pretty jsonb_set jsonb_set_lax jsonb_path_exists jsonb_path_match jsonb_path_query
  jsonb_path_query_array jsonb_path_query_first jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_tz
  jsonb_path_query_array_tz jsonb_path_query_first_tz json json_scalar json_serialize jsonb_contains jsonb_exists
  jsonb_exists_all jsonb_exists_any jsonb_concat jsonb_delete

  lower_inc lower_inf upper_inc upper_inf isempty range_merge multirange int4range int8range numrange daterange tsrange
  tstzrange datemultirange nummultirange int4multirange int8multirange tsmultirange tstzmultirange

  num_nulls num_nonnulls
  to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline
  numnode querytree setweight strip tsvector_to_array
  uuid_extract_timestamp uuid_extract_version
  host masklen family network netmask broadcast
`

export const allowedFunctions: ReadonlySet<string> = new Set(lists.split(/\s+/).filter((name) => name !== ''))

/** Types to cast to, as the grammar spells them. None that looks up names of objects, and none of a table. */
export const allowedTypes: ReadonlySet<string> = new Set(
  `bool boolean int2 smallint int4 int integer int8 bigint numeric decimal float4 real float8 money
  text varchar bpchar char name bytea bit varbit uuid
  date time timetz timestamp timestamptz interval
  json jsonb jsonpath
  int4range int8range numrange daterange tsrange tstzrange
  int4multirange int8multirange nummultirange datemultirange tsmultirange tstzmultirange
  tsvector tsquery inet cidr point box circle`.split(/\s+/),
)

/** Words of the grammar that stand for a value. Who is logged in, and to what, is not an analyst's question. */
export const allowedValueFunctions: ReadonlySet<string> = new Set([
  'SVFOP_CURRENT_DATE',
  'SVFOP_CURRENT_TIME',
  'SVFOP_CURRENT_TIME_N',
  'SVFOP_CURRENT_TIMESTAMP',
  'SVFOP_CURRENT_TIMESTAMP_N',
  'SVFOP_LOCALTIME',
  'SVFOP_LOCALTIME_N',
  'SVFOP_LOCALTIMESTAMP',
  'SVFOP_LOCALTIMESTAMP_N',
])

/** Hints for what is asked for most and refused. */
export const functionHints: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(pg_sleep|pg_sleep_for|pg_sleep_until)$/, 'Queries may not wait.'],
  [/^(set_config|current_setting)$/, 'Settings can be neither read nor changed; times are in UTC.'],
  [/advisory/, 'Locks cannot be taken: every query sees one moment anyway.'],
  [
    /^(query_to_xml|table_to_xml|schema_to_xml|database_to_xml|cursor_to_xml|ts_stat|dblink|crosstab|connectby)/,
    'Write the SQL as a subquery or CTE, and pivot with count(*) filter (where …).',
  ],
  [/^(lo_|pg_read|pg_ls|pg_stat_file)/, 'Files and large objects cannot be reached.'],
  [
    /^(current_user|session_user|pg_|has_|to_reg|obj_description|col_description|version|current_schema)/,
    'The catalogue is closed: the description of the schema lists tables and columns.',
  ],
  [
    /^(gen_random_uuid|uuidv|nextval|currval|lastval|setval)/,
    'Ids and sequences are only made when something is written.',
  ],
]
