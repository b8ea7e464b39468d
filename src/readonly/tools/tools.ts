import type { z } from 'zod'
import { parseInput } from '../../schema/input.js'
import type { SchemaCard } from '../describe/describe.js'
import type { QueryAnswer, ReadOnlyDb } from '../door.js'
import type { PlanStep } from '../explain.js'
import { renderForModel } from '../render.js'
import { describeInput, explainInput, listTablesInput, type QueryInput, queryInput } from './inputs.js'
import { describeOutput, explainOutput, listTablesOutput, queryOutput } from './outputs.js'
import { refusalOf } from './refusal.js'
import { structuredRows } from './structured.js'

/** What the tools need of a door. */
export type ToolDoor = Pick<ReadOnlyDb, 'query' | 'explain' | 'describeSchema'>

export interface AgentToolOptions {
  /** Of `describe` without names, see `describeSchema`. Default 5000. */
  readonly tokens?: number | undefined
  /** Characters of one value in an answer. Default 500. */
  readonly maxCellChars?: number | undefined
  /** Characters of all rows of an answer. Default 50,000. */
  readonly maxChars?: number | undefined
  /** Told of each error that the model was told about, for logs: those of the host's set-up are said to nobody else. */
  readonly onError?: ((error: unknown, tool: AgentToolName) => void) | undefined
}

export type AgentToolName = 'list_tables' | 'describe' | 'query' | 'explain'

/** What a call gave. */
export interface ToolAnswer {
  /** For the model. Values of rows stand between two marks that nobody can know before. */
  readonly text: string
  /**
   * `ok`; `refused`: the model can ask better, and `text` says how; `unavailable`: it cannot, because the host has to mend
   * something.
   */
  readonly status: 'ok' | 'refused' | 'unavailable'
  /** The same as JSON, of the tool's `output`; only when it is `ok`. */
  readonly data: Readonly<Record<string, unknown>> | undefined
}

/** A tool, as every framework wants it in some form. */
export interface AgentTool<Input extends z.ZodObject = z.ZodObject> {
  readonly name: AgentToolName
  readonly title: string
  readonly description: string
  readonly input: Input
  /** Of `data`. */
  readonly output: z.ZodObject
  /**
   * Never throws for what a model can do: wrong input, refused and failed queries are answers in words. Rejects with the
   * signal's reason when it is aborted.
   */
  readonly run: (input: unknown, options?: { readonly signal?: AbortSignal | undefined }) => Promise<ToolAnswer>
}

export interface AgentTools {
  readonly list_tables: AgentTool<typeof listTablesInput>
  readonly describe: AgentTool<typeof describeInput>
  readonly query: AgentTool<typeof queryInput>
  readonly explain: AgentTool<typeof explainInput>
}

/**
 * The door as four tools for a language model. Whose rows it sees is the door's (`door.asUser(userId)`), chosen by the host;
 * no tool takes a user.
 *
 * ```ts
 * const { query } = agentTools(door.asUser(userId))
 * const { text } = await query.run({ sql: 'select count(*) from transactions' })
 * ```
 */
export function agentTools(door: ToolDoor, options: AgentToolOptions = {}): AgentTools {
  const { tokens, maxCellChars = 500, maxChars = 50_000 } = options
  const render = { maxCellChars, maxChars }

  return {
    list_tables: tool(options, {
      name: 'list_tables',
      title: 'List tables',
      description: 'Lists the tables that can be read, with what they hold and about how many rows.',
      input: listTablesInput,
      output: listTablesOutput,
      async answer(_input, signal) {
        const card = await door.describeSchema({ signal })
        return {
          text: card.tables.map(tableLine).join('\n') || 'There is no table that may be read here.',
          data: {
            tables: card.tables.map(({ name, comment, rows }) => ({
              name,
              about: comment ?? null,
              rows: rows ?? null,
            })),
          },
        }
      },
    }),
    describe: tool(options, {
      name: 'describe',
      title: 'Describe tables',
      description:
        'Explains tables: columns, units, signs, allowed values, joins, rules and sample questions with SQL. Call it before the first query.',
      input: describeInput,
      output: describeOutput,
      async answer({ tables }, signal) {
        // Of a few tables everything is told.
        const card = await door.describeSchema({ tables, tokens: tables === undefined ? tokens : 20_000, signal })
        const text = [...unknownText(card), card.text].join('\n')
        return { text, data: { text, unknown: card.unknown } }
      },
    }),
    query: tool(options, {
      name: 'query',
      title: 'Query',
      description:
        'Runs one read-only PostgreSQL statement and gives its rows. Nothing can be written. Aggregate in SQL, and use describe to learn the columns.',
      input: queryInput,
      output: queryOutput,
      async answer({ sql, params }, signal) {
        const answer = await door.query(sql, { params, signal })
        return { text: answerText(answer, renderForModel(answer, render)), data: structuredRows(answer, render) }
      },
    }),
    explain: tool(options, {
      name: 'explain',
      title: 'Explain a query',
      description:
        'Shows how the planner would run a statement and, where you see the rows of everybody, about what it costs. The statement is not run.',
      input: explainInput,
      output: explainOutput,
      async answer({ sql, params }, signal) {
        const { costBelow, plan } = await door.explain(sql, { params, signal })
        const tree = planText(plan).join('\n')
        if (costBelow === undefined) return { text: tree, data: { plan: tree } }
        return {
          text: `The planner puts the cost below ${costBelow.toLocaleString('en')} (reading one page is 1).\n${tree}`,
          data: { cost_below: costBelow, plan: tree },
        }
      },
    }),
  }
}

interface Definition<Input extends z.ZodObject> extends Omit<AgentTool<Input>, 'run'> {
  readonly answer: (
    input: z.infer<Input>,
    signal: AbortSignal | undefined,
  ) => Promise<{ text: string; data: Record<string, unknown> }>
}

function tool<Input extends z.ZodObject>(
  { onError }: AgentToolOptions,
  { answer, ...rest }: Definition<Input>,
): AgentTool<Input> {
  return {
    ...rest,
    async run(input, { signal } = {}) {
      try {
        const parsed = parseInput(rest.input, input ?? {}, `The input of ${rest.name}`)
        return { status: 'ok', ...(await answer(parsed as z.infer<Input>, signal)) }
      } catch (error) {
        if (signal?.aborted) throw error
        const refusal = refusalOf(error, sqlOf(input))
        if (refusal === undefined) throw error
        onError?.(error, rest.name)
        return { status: refusal.kind, text: refusal.text, data: undefined }
      }
    },
  }
}

function sqlOf(input: unknown): string | undefined {
  const sql =
    typeof input === 'object' && input !== null && 'sql' in input ? (input as Partial<QueryInput>).sql : undefined
  return typeof sql === 'string' ? sql : undefined
}

function tableLine({ name, comment, rows }: SchemaCard['tables'][number]): string {
  return `${name}${rows === undefined ? '' : ` (rows: ${rows})`}${comment === undefined ? '' : `: ${comment}`}`
}

function unknownText({ unknown }: SchemaCard): string[] {
  return unknown.length === 0 ? [] : [`There is no table that may be read of the name: ${unknown.join(', ')}.`]
}

function answerText({ rowCount, truncated }: QueryAnswer, rendered: string): string {
  return rowCount === 0 && !truncated ? `The query was allowed and ran. It found no rows.\n${rendered}` : rendered
}

function planText({ node, table, index, steps }: PlanStep, depth = 0): string[] {
  const what = [node, ...(table === undefined ? [] : [`on ${table}`]), ...(index === undefined ? [] : [`by ${index}`])]
  return [`${'  '.repeat(depth)}${what.join(' ')}`, ...steps.flatMap((step) => planText(step, depth + 1))]
}
