import { type Kysely, sql } from 'kysely'
import { type CatalogueItem, keyOf, queryCatalogue } from './catalogue.js'
import { create, drop, tableOf } from './statements.js'

/**
 * The live objects as the shadow prints them. Versions of PostgreSQL print the same view, constraint or expression
 * differently, so one whose text is not the same is made in the shadow, in place of its own, and read back; then it is all
 * undone. What cannot be made there, since it stands on something of the host's, stays as it is, and differs.
 */
export async function canonical(
  shadow: Kysely<unknown>,
  schema: string,
  expected: readonly CatalogueItem[],
  live: readonly CatalogueItem[],
): Promise<CatalogueItem[]> {
  const byKey = new Map(expected.map((item) => [keyOf(item), item]))
  const result: CatalogueItem[] = []
  for (const item of live) {
    const counterpart = byKey.get(keyOf(item))
    const statements = counterpart && remaking(counterpart, item)
    const printed = statements && (await tryOut(shadow, schema, item, statements))
    result.push(printed === undefined ? item : { ...item, facts: { ...item.facts, ...printed } })
  }
  return result
}

/** What puts the live one in the place of the expected one; undefined where their text is the same, or has one form only. */
function remaking(expected: CatalogueItem, live: CatalogueItem): string[] | undefined {
  const differs = (fact: string) => expected.facts[fact] !== live.facts[fact]
  switch (live.kind) {
    case 'column': {
      const alter = (what: string) => `alter table ${tableOf(live)} alter column ${live.facts.column} ${what}`
      if (expected.facts.default !== null && live.facts.default !== null && differs('default')) {
        return [alter(`set default ${live.facts.default}`)]
      }
      if (expected.facts.generated !== null && live.facts.generated !== null && differs('generated')) {
        return [alter(`set expression as (${live.facts.generated})`)]
      }
      return undefined
    }
    case 'function':
    case 'constraint':
    case 'index':
    case 'view':
    case 'trigger':
    case 'policy': {
      if (!differs('definition')) return undefined
      const statements = [
        ...drop(expected).map((statement) => `${statement} cascade`),
        ...create({ ...live, facts: { ...live.facts, enabled: 'enable trigger' } }, []),
      ]
      return statements.map((statement) =>
        statement.replace(/^((?:create|drop) (?:unique )?index) concurrently/i, '$1'),
      )
    }
    default:
      return undefined
  }
}

class Undo extends Error {}

const defining = ['definition', 'default', 'generated', 'result']

async function tryOut(
  shadow: Kysely<unknown>,
  schema: string,
  item: CatalogueItem,
  statements: readonly string[],
): Promise<CatalogueItem['facts'] | undefined> {
  let printed: CatalogueItem | undefined
  try {
    await shadow.transaction().execute(async (trx) => {
      await sql`select set_config('search_path', '', true), set_config('check_function_bodies', 'off', true)`.execute(
        trx,
      )
      for (const statement of statements) await sql.raw(statement).execute(trx)
      printed = (await queryCatalogue(trx, schema)).find((other) => keyOf(other) === keyOf(item))
      throw new Undo()
    })
  } catch (error) {
    if (!(error instanceof Undo)) return undefined
  }
  if (printed === undefined) return undefined
  return Object.fromEntries(Object.entries(printed.facts).filter(([fact]) => defining.includes(fact)))
}
