import {
  type CreateSchemaNode,
  type DropSchemaNode,
  type FunctionNode,
  IdentifierNode,
  type Kysely,
  type KyselyPlugin,
  OperationNodeTransformer,
  type QueryId,
  type SchemableIdentifierNode,
  SelectQueryNode,
  TableNode,
} from 'kysely'
import { InvalidConfigError } from '../errors.js'
import type { Db } from '../schema/database.js'

/** The schema that our tables are in unless the `schema` option says another. */
export const defaultSchema = 'finance'

/** Lower case, digits, `_` and `$`, at most 63 bytes, and not `pg_…`, which Postgres keeps for itself. */
export const schemaNamePattern = /^(?!pg_)[a-z_][a-z0-9_$]{0,62}$/

/**
 * Makes every reference to the schema `finance` one to `schema`: tables, `finance.users.id` columns, `sql.table` (also
 * around the name of a function), `sql.ref`, `db.fn('finance.…')` and the schema builder. Text inside `sql` is not read.
 *
 * @throws {InvalidConfigError} The name is not one that needs no quoting everywhere, see {@link schemaNamePattern}.
 */
export function schemaPlugin(schema: string): KyselyPlugin {
  if (!schemaNamePattern.test(schema)) throw new InvalidConfigError([{ path: 'schema', message: schemaNameRule }])
  const transformer = new SchemaTransformer(schema)
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => transformer.transformNode(node, queryId),
    transformResult: async ({ result }) => result,
  }
  ours.add(plugin)
  return plugin
}

const ours = new WeakSet<KyselyPlugin>()

/** Whether {@link schemaPlugin} made it, which maps the same query to the same text each time. */
export function isSchemaPlugin(plugin: KyselyPlugin): boolean {
  return ours.has(plugin)
}

export const schemaNameRule =
  'must be 1 to 63 lower-case letters, digits, "_" or "$", not start with a digit or "$", and not with "pg_"'

class SchemaTransformer extends OperationNodeTransformer {
  readonly #schema: string

  constructor(schema: string) {
    super()
    this.#schema = schema
  }

  #mapped(schema: IdentifierNode): IdentifierNode {
    return schema.name === defaultSchema ? IdentifierNode.create(this.#schema) : schema
  }

  protected override transformSchemableIdentifier(
    node: SchemableIdentifierNode,
    queryId?: QueryId,
  ): SchemableIdentifierNode {
    const transformed = super.transformSchemableIdentifier(node, queryId)
    return transformed.schema === undefined ? transformed : { ...transformed, schema: this.#mapped(transformed.schema) }
  }

  protected override transformCreateSchema(node: CreateSchemaNode, queryId?: QueryId): CreateSchemaNode {
    const transformed = super.transformCreateSchema(node, queryId)
    return { ...transformed, schema: this.#mapped(transformed.schema) }
  }

  protected override transformDropSchema(node: DropSchemaNode, queryId?: QueryId): DropSchemaNode {
    const transformed = super.transformDropSchema(node, queryId)
    return { ...transformed, schema: this.#mapped(transformed.schema) }
  }

  protected override transformFunction(node: FunctionNode, queryId?: QueryId): FunctionNode {
    const transformed = super.transformFunction(node, queryId)
    const prefix = `${defaultSchema}.`
    return transformed.func.startsWith(prefix)
      ? { ...transformed, func: `${this.#schema}.${transformed.func.slice(prefix.length)}` }
      : transformed
  }
}

const schemas = new WeakMap<object, string>()

/** The schema that a handle's queries go to: what its plugins make of `finance`. */
export function schemaOf(db: Db | Pick<Kysely<never>, 'selectFrom' | 'getExecutor'>): string {
  const executor = db.getExecutor()
  let schema = schemas.get(executor)
  if (schema === undefined) {
    schema = resolve(db as Db)
    schemas.set(executor, schema)
  }
  return schema
}

function resolve(db: Db): string {
  const node = db.selectFrom('finance.users').select('id').toOperationNode()
  const [from] = SelectQueryNode.is(node) ? (node.from?.froms ?? []) : []
  return (from !== undefined && TableNode.is(from) ? from.table.schema?.name : undefined) ?? defaultSchema
}
