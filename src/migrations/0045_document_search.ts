import type { SqlMigration } from './shape.js'

export const documentSearch: SqlMigration = {
  name: '0045_document_search',
  requires: 'vector',
  up: ({ finance, vector }) => [
    // pgvector adds up squares in single precision: beyond these lengths a distance would be NaN or infinite, and the
    // zero vector has no direction (an index by cosine leaves it out).
    `alter table ${finance}.documents add constraint documents_embedding_check
  check (${vector}.vector_norm(embedding) between 1e-15 and 1e15)`,
    `comment on column ${finance}.documents.embedding is
  '1536 numbers, as the common embedding models of OpenAI give. Its length lies between 1e-15 and 1e15.'`,
    `create trigger documents_erased_final before insert on ${finance}.documents
  for each row execute function ${finance}.refuse_erased()`,
    nearest(finance, vector),
    `comment on function ${finance}.documents_nearest is
  'The documents nearest to query, nearest first: of one owner, or of everybody where owner is null; with metadata that
contains contained, where that is not null. metric: cosine (distance 0 to 2), l2 (0 and up), inner_product (its negative).
Always as many as wanted, if there are: where an approximate index finds too few, the search is repeated exactly.'`,
  ],
  down: ({ finance }) => [
    `drop function ${finance}.documents_nearest`,
    `drop trigger documents_erased_final on ${finance}.documents`,
    `comment on column ${finance}.documents.embedding is
  '1536 numbers, as the common embedding models of OpenAI give.'`,
    `alter table ${finance}.documents drop constraint documents_embedding_check`,
  ],
}

/**
 * A function, because that makes a search one round trip that is planned for its own user and filter each time (a prepared
 * statement comes to have one plan for the smallest user and the largest), with settings that end with it. Where pgvector
 * is, it asks the catalogue: the extension may move.
 */
function nearest(finance: string, vector: string): string {
  return `create function ${finance}.documents_nearest(
  query ${vector}.vector, metric text, wanted integer, owner uuid, contained jsonb,
  exact boolean, ef_search integer, probes integer
) returns table (user_id uuid, id uuid, distance double precision)
language plpgsql stable rows 10 set search_path = pg_catalog, pg_temp as $function$
declare
  named text := case metric when 'cosine' then '<=>' when 'l2' then '<->' when 'inner_product' then '<#>' end;
  distance_to_query text;
  matching text := '';
  can_iterate boolean;
  lists integer;
  approximate boolean;
  settings constant text[] := '{hnsw.iterative_scan,hnsw.ef_search,ivfflat.iterative_scan,ivfflat.probes}';
  before text[];
  users uuid[];
  ids uuid[];
  distances double precision[];
begin
  if named is null or wanted is null or wanted < 1 then
    raise exception using errcode = '22023', message = 'give a metric (cosine, l2, inner_product) and how many are wanted';
  end if;

  select format('d.embedding operator(%I.%s) $1', n.nspname, named),
      string_to_array(substring(e.extversion from '^[0-9]+[.][0-9]+'), '.')::integer[] >= '{0,8}'
    into distance_to_query, can_iterate
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector';

  -- Without iterative scans (pgvector before 0.8) an index loses what the filter drops, so it is not used.
  if can_iterate and exact is not true then
    select count(*) > 0, max(case when am.amname = 'ivfflat'
        then coalesce(substring(array_to_string(c.reloptions, ' ') from 'lists=([0-9]+)')::integer, 100) end)
      into approximate, lists
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      join pg_am am on am.oid = c.relam and am.amname in ('hnsw', 'ivfflat')
      join pg_opclass o on o.oid = i.indclass[0]
      where i.indrelid = '${finance}.documents'::regclass and i.indisvalid and i.indpred is null
        and o.opcname = 'vector_' || case metric when 'inner_product' then 'ip' else metric end || '_ops';
  end if;

  -- So many are compared in the time that a walk through an index takes, and none is missed (docs/decisions/0045).
  if approximate and owner is not null then
    approximate := exists (select from ${finance}.documents d where d.user_id = owner offset 5000);
  end if;

  if owner is not null then matching := ' and d.user_id = $2'; end if;
  if contained is not null then matching := matching || ' and d.metadata @> $3'; end if;

  if approximate then
    -- For this search alone: set back below, and by Postgres after an error.
    before := array(select current_setting(s.name, true) from unnest(settings) s (name));
    perform set_config(s.name, s.value, true)
      from unnest(settings, array['relaxed_order', coalesce(ef_search, least(greatest(100, wanted * 2), 1000))::text,
        'relaxed_order', coalesce(probes, ceil(sqrt(lists))::integer)::text]) s (name, value)
      where s.value is not null;
    -- The first that pass a filter are not the nearest that do, so more are taken and the nearest of them kept: adding 0
    -- hides from the planner that they come in order already, which they do but roughly.
    execute format(
      'select array_agg(g.user_id), array_agg(g.id), array_agg(g.distance) from (
        select f.* from (
          select d.user_id, d.id, %1$s as distance from ${finance}.documents d where true%2$s order by %1$s limit $5) f
        order by f.distance + 0, f.user_id, f.id limit $4) g', distance_to_query, matching)
      into users, ids, distances
      using query, owner, contained, wanted, case matching when '' then wanted else 4 * wanted end;
    perform set_config(s.name, s.value, true) from unnest(settings, before) s (name, value) where s.value is not null;
  end if;

  if cardinality(ids) = wanted then
    return query select * from unnest(users, ids, distances);
  else
    -- Ordered outside of the subselect, where no approximate index fits.
    return query execute format(
      'select f.user_id, f.id, f.distance from (
        select d.user_id, d.id, %s as distance from ${finance}.documents d where true%s offset 0) f
      order by f.distance, f.user_id, f.id limit $4', distance_to_query, matching)
      using query, owner, contained, wanted;
  end if;
end
$function$`
}
