import { type QueryRefusal, QueryRefusedError } from '../../errors.js'
import { statementHint } from '../statement-kind.js'
import { Fields, isNamed } from './fields.js'
import { allowedFunctions, allowedTypes, allowedValueFunctions, functionHints } from './functions.js'
import { parseSql } from './load.js'
import type { GuardSchema } from './schema.js'
import { type Names, noNames, withClauseNames } from './scopes.js'
import { assertStar } from './stars.js'
import { type Node, namesIn } from './tree.js'
import { Withheld } from './withheld.js'

/** Kinds of nodes that a query may be made of. Whatever else the grammar has, now or later, is refused. */
const allowedNodes = new Set(
  `SelectStmt ResTarget ColumnRef A_Const A_Star String Integer Float Boolean BitString List ParamRef A_Expr BoolExpr
  NullTest BooleanTest FuncCall NamedArgExpr TypeCast TypeName CollateClause SortBy WindowDef CaseExpr CaseWhen
  CoalesceExpr MinMaxExpr SubLink A_ArrayExpr RowExpr A_Indirection A_Indices GroupingSet GroupingFunc RangeVar
  RangeSubselect RangeFunction RangeTableSample JoinExpr Alias WithClause CommonTableExpr SQLValueFunction ColumnDef
  JsonFuncExpr JsonValueExpr JsonKeyValue JsonObjectConstructor JsonArrayConstructor JsonArrayQueryConstructor
  JsonObjectAgg JsonArrayAgg JsonParseExpr JsonScalarExpr JsonSerializeExpr JsonIsPredicate JsonTable JsonTableColumn
  JsonTablePathSpec JsonOutput JsonReturning JsonFormat JsonBehavior JsonArgument JsonAggConstructor`.split(/\s+/),
)

/** How many nodes may be inside of each other. What the stack holds depends on how warm the process is. */
const deepest = 400
const tooDeep = ['The query is nested too deeply.', 'Split it into CTEs.'] as const

const systemColumns = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'])

/**
 * Reads a query as Postgres does and refuses what is not made of what is allowed: one SELECT over the tables that the role may
 * read, with functions and types of the lists. It is a layer that explains; what keeps data safe is the database.
 *
 * @throws {QueryRefusedError} Says what is not allowed, and what is.
 */
export async function checkQuery(sql: string, schema: GuardSchema): Promise<void> {
  const { stmts = [] } = (await parseSql(sql)) as { stmts?: Array<{ stmt: Node }> }
  if (stmts.length !== 1) {
    refuse(
      'statement',
      stmts.length === 0 ? 'There is no statement.' : 'There is more than one statement.',
      statementHint,
    )
  }
  const statement = stmts[0]?.stmt
  try {
    new Check(sql, schema, statement).node(statement, noNames)
  } catch (error) {
    if (error instanceof RangeError) refuse('syntax', ...tooDeep)
    throw error
  }
}

function refuse(reason: QueryRefusal, message: string, hint?: string, position?: number): never {
  throw new QueryRefusedError(reason, message, { hint, position })
}

const wordsOf = (kind: string) =>
  kind
    .replace(/Stmt$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase()

class Check {
  readonly #bytes: Buffer
  readonly #schema: GuardSchema
  readonly #fields: Fields
  readonly #withheld: Withheld | undefined
  #depth = 0

  constructor(sql: string, schema: GuardSchema, statement: unknown) {
    this.#bytes = Buffer.from(sql)
    this.#schema = schema
    this.#fields = new Fields(schema, statement)
    this.#withheld = schema.hidden && new Withheld(schema, schema.hidden, statement)
  }

  /** Anything of the tree: nodes by their kind, lists, and what is inside of a node. */
  node(value: unknown, names: Names): void {
    if (Array.isArray(value)) for (const item of value) this.node(item, names)
    else if (typeof value === 'object' && value !== null) this.#object(value as Node, names)
  }

  #object(object: Node, names: Names): void {
    for (const [key, value] of Object.entries(object)) {
      if (/^[A-Z]/.test(key)) this.#kind(key, value as Node, names)
      // Written without its kind.
      else if (key === 'typeName') this.#kind('TypeName', value as Node, names)
      else this.node(value, names)
    }
  }

  #kind(kind: string, node: Node, names: Names): void {
    this.#depth++
    this.#within(kind, node, names)
    this.#depth--
  }

  #within(kind: string, node: Node, names: Names): void {
    if (this.#depth > deepest) refuse('syntax', ...tooDeep)
    if (!allowedNodes.has(kind)) {
      const hint = kind.endsWith('Stmt') ? statementHint : 'Write it with the functions and operators of plain SQL.'
      refuse(
        kind.endsWith('Stmt') ? 'statement' : 'clause',
        `${wordsOf(kind)} is not allowed here.`,
        hint,
        this.#at(node),
      )
    }
    switch (kind) {
      case 'SelectStmt':
        this.#select(node, names)
        return
      case 'RangeVar':
        this.#relation(node, names)
        return
      case 'FuncCall':
        this.#function(node)
        break
      case 'TypeName':
        this.#type(node)
        break
      case 'ColumnRef':
        this.#column(node)
        break
      case 'A_Indirection':
        this.#indirection(node)
        break
      case 'RangeFunction':
        if (!isNamed(node)) refuse('function', 'Such an expression in FROM needs a name: FROM … AS x.')
        break
      case 'JoinExpr':
        this.#withheld?.checkJoin(node, namesIn(node.usingClause), this.#refuseColumn(node))
        break
      case 'A_Expr':
      case 'SubLink':
        this.#operator(node)
        break
      case 'SortBy':
        if (node.useOp !== undefined) this.#operator({ ...node, name: node.useOp })
        break
      case 'SQLValueFunction':
        if (!allowedValueFunctions.has(String(node.op))) {
          refuse('function', 'Who is logged in, and to which database, cannot be asked.', undefined, this.#at(node))
        }
        break
      case 'RangeTableSample':
        if (!['system', 'bernoulli'].includes(namesIn(node.method).join('.'))) {
          refuse('function', 'Only the sampling methods SYSTEM and BERNOULLI are allowed.', undefined, this.#at(node))
        }
        break
    }
    this.#object(node, names)
  }

  #select(node: Node, outer: Names): void {
    if (node.intoClause !== undefined) refuse('write', 'SELECT INTO would make a table, and nothing can be written.')
    if (node.lockingClause !== undefined) {
      refuse('clause', 'FOR UPDATE and FOR SHARE would lock rows: leave the clause out.')
    }
    const { withClause, larg, rarg, ...rest } = node
    const names = withClauseNames(withClause as Node | undefined, outer, (query, seen) => this.node(query, seen))
    assertStar(node, names, this.#schema, (message, hint) => refuse('column', message, hint))
    for (const side of [larg, rarg]) if (side !== undefined) this.#kind('SelectStmt', side as Node, names)
    this.#object(rest, names)
  }

  #relation(node: Node, names: Names): void {
    const { schemaname, relname, catalogname } = node as Record<string, string | undefined>
    const { readable, schema } = this.#schema
    if (schemaname === undefined && relname !== undefined && names.has(relname)) return
    const ours = catalogname === undefined && (schemaname === undefined || schemaname === schema)
    if (ours && relname !== undefined && readable.has(relname)) {
      this.#withheld?.checkTable(node, this.#refuseColumn(node))
      return
    }
    const name = [catalogname, schemaname, relname].filter((part) => part !== undefined).join('.')
    const tables = [...readable.keys()].join(', ')
    const catalogue = /^(pg_|information_schema)/.test(schemaname ?? relname ?? '')
    const message = catalogue ? `The catalogue (${name}) is closed.` : `There is no table ${name} that may be read.`
    refuse('relation', message, `Tables that may be read: ${tables}.`, this.#at(node))
  }

  #function(node: Node): void {
    const name = namesIn(node.funcname)
    const plain = name.length === 2 && name[0] === 'pg_catalog' ? name[1] : name.length === 1 ? name[0] : undefined
    if (plain !== undefined && allowedFunctions.has(plain)) return
    const shown = name.join('.').slice(0, 100)
    const hint = functionHints.find(([pattern]) => pattern.test(name.at(-1) ?? ''))?.[1]
    const allowed = 'Built-in functions for aggregates, windows, dates, texts, numbers, arrays and JSON are allowed.'
    refuse(
      'function',
      `The function ${shown} is not allowed.`,
      `${hint === undefined ? '' : `${hint} `}${allowed}`,
      this.#at(node),
    )
  }

  #type(node: Node): void {
    const name = namesIn(node.names)
    const plain = name.length === 2 && name[0] === 'pg_catalog' ? name[1] : name.length === 1 ? name[0] : undefined
    if (plain !== undefined && allowedTypes.has(plain)) return
    const hint = 'Cast to numbers, text, boolean, uuid, dates and times, intervals, ranges, JSON, or arrays of these.'
    refuse('type', `The type ${name.join('.').slice(0, 100)} is not allowed.`, hint, this.#at(node))
  }

  #column(node: Node): void {
    const fields = namesIn(node.fields)
    const [source, column = ''] = [fields.at(-2), fields.at(-1)]
    if (systemColumns.has(column)) {
      refuse('column', `The system column ${column} cannot be read.`, undefined, this.#at(node))
    }
    // Functions that take any row are called as one of its columns too.
    const isCall = /^(pg_|record_|hash_)/.test(column) || !this.#fields.isColumn(source ?? '', column)
    if (source !== undefined && isCall) this.#refuseColumn(node)(`There is no column ${column} that may be read.`)
    const hasStar = Array.isArray(node.fields) && node.fields.at(-1)?.A_Star !== undefined
    this.#withheld?.checkColumn(fields, hasStar, this.#refuseColumn(node))
  }

  #refuseColumn(node: Node): (message: string, hint?: string) => never {
    return (message, hint) => refuse('column', message, hint, this.#at(node))
  }

  #indirection(node: Node): void {
    const field = namesIn(node.indirection).find((name) => !this.#fields.isField(name))
    if (field === undefined) return
    this.#refuseColumn(node)(`There is no column ${field} that may be read.`, 'Write table.column, without brackets.')
  }

  #operator(node: Node): void {
    const name = namesIn(node.name ?? node.operName)
    if (name.length > 1 && name[0] !== 'pg_catalog') {
      refuse(
        'operator',
        `The operator ${name.join('.').slice(0, 100)} is not allowed.`,
        'Use the built-in operators.',
        this.#at(node),
      )
    }
  }

  /** In characters from 1; the tree counts bytes from 0. */
  #at(node: Node): number | undefined {
    const location = node.location
    // A location of 0 is left out of the tree.
    return typeof location === 'number' && location > 0
      ? [...this.#bytes.subarray(0, location).toString()].length + 1
      : undefined
  }
}
