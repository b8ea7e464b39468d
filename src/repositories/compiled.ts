import { type Compilable, type CompiledQuery, createQueryId, type KyselyPlugin } from 'kysely'
import { isSchemaPlugin } from '../connection/schema-plugin.js'
import type { Db } from '../schema/database.js'

/**
 * Runs a read, whose query is built once and not for each call: building takes Kysely as long as pg takes for all the rest
 * of a point read (docs/performance.md).
 *
 * @param name - Tells the query from all others.
 * @param params - What it is given. Which of them are undefined may decide on its SQL; their values may not.
 * @param build - Makes the query from stand-ins for the parameters: to be compared with undefined or passed on.
 */
export async function executeCompiled<Params extends object, Row>(
  db: Db,
  name: string,
  params: Params,
  build: (params: Params) => Compilable<Row>,
): Promise<Row[]> {
  const executor = db.getExecutor()
  const given = Object.keys(params).filter((key) => params[key as keyof Params] !== undefined)
  const cache = cacheFor(executor.plugins)
  const key = `${name}(${given.join()})`
  let query = cache?.get(key) as CompiledQuery<Row> | undefined
  if (query === undefined) {
    query = build(Object.fromEntries(given.map((parameter) => [parameter, new Slot(parameter)])) as Params).compile()
    cache?.set(key, query)
  }
  const parameters = query.parameters.map((value) =>
    value instanceof Slot ? params[value.name as keyof Params] : value,
  )
  const { rows } = await executor.executeQuery<Row>({ ...query, parameters, queryId: createQueryId() })
  return rows
}

/** Stands for a parameter while its query is built. */
class Slot {
  constructor(readonly name: string) {}
}

type Cache = Map<string, CompiledQuery>

const plain: Cache = new Map()
const bySchema = new WeakMap<KyselyPlugin, Cache>()

/** None where a plugin of the host has a say: what it does may depend on more than the query. */
function cacheFor(plugins: readonly KyselyPlugin[]): Cache | undefined {
  const [plugin] = plugins
  if (plugin === undefined) return plain
  if (plugins.length > 1 || !isSchemaPlugin(plugin)) return undefined
  const cache = bySchema.get(plugin) ?? new Map()
  bySchema.set(plugin, cache)
  return cache
}
