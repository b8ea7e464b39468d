import { type CatalogueItem, type Facts, keyOf, type ObjectKind } from './catalogue.js'
import { create, drop, grant, switchTrigger, tableOf, text } from './statements.js'

/** Something that is not as the migrations make it. */
export interface SchemaDifference {
  readonly kind: ObjectKind
  /** Qualified; of constraints, triggers and policies `name on table`. */
  readonly name: string
  /**
   * `missing`; `different`: see `expected` and `found`; `not-valid`: rows or entries that were there before may break it;
   * `switched-off`; `exposed`: everybody (`public`) may do what migrations let nobody; `leftover`: of an index build that died.
   */
  readonly problem: 'missing' | 'different' | 'not-valid' | 'switched-off' | 'exposed' | 'leftover'
  readonly expected?: string
  readonly found?: string
  /** What mends it, one statement each; empty where a person has to look. */
  readonly mend: readonly string[]
}

/** A difference, and where its statements stand among the others. */
export interface RankedDifference extends SchemaDifference {
  readonly rank: readonly [number, number]
}

export interface Comparison {
  readonly differences: readonly RankedDifference[]
  /** What is in the live schema beyond what migrations make: the host's. */
  readonly added: readonly CatalogueItem[]
}

export function compare(expected: readonly CatalogueItem[], live: readonly CatalogueItem[]): Comparison {
  const found = new Map(live.map((item) => [keyOf(item), item]))
  const known = new Set(expected.map(keyOf))
  const gone = new Set(expected.map(keyOf).filter((key) => !found.has(key)))
  const differences: RankedDifference[] = []

  for (const item of expected) {
    const present = found.get(keyOf(item))
    if (present !== undefined) differences.push(...differing(item, present, expected))
    // Columns come with their table; the rest has statements of its own, in an order of its own.
    else if (item.kind !== 'column' || !gone.has(item.parent ?? '')) differences.push(missing(item, expected))
  }
  const added = live.filter((item) => !known.has(keyOf(item)))
  const bad = added.flatMap((item) => {
    const wrong = leftover(item) ?? exposed(item, known)
    return wrong === undefined ? [] : [{ item, wrong }]
  })
  const wrongOnes = new Set(bad.map(({ item }) => item))
  return {
    differences: [...differences, ...bad.map(({ wrong }) => wrong)],
    added: added.filter((item) => !wrongOnes.has(item) && !hangsOnAdded(item, found, known)),
  }
}

function missing(item: CatalogueItem, all: readonly CatalogueItem[]): RankedDifference {
  return { ...about(item), problem: 'missing', mend: create(item, all), rank: rankOf(item) }
}

function differing(item: CatalogueItem, found: CatalogueItem, all: readonly CatalogueItem[]): RankedDifference[] {
  const again = () => [...drop(item), ...create(item, all)]
  // Privileges, comments and triggers go with what they are on.
  const partsOf = (whole: CatalogueItem): string[] =>
    all.filter(({ parent }) => parent === keyOf(whole)).flatMap((part) => [...create(part, all), ...partsOf(part)])
  const withIts = (statements: readonly string[]) => [...statements, ...partsOf(item)]
  const wrong = (problem: SchemaDifference['problem'], mend: readonly string[], fact = 'definition') => ({
    ...about(item),
    problem,
    ...(problem === 'different' && { expected: shown(item.facts, fact), found: shown(found.facts, fact) }),
    mend,
    rank: rankOf(item),
  })
  const differs = (fact: string) => item.facts[fact] !== found.facts[fact]

  switch (item.kind) {
    case 'schema':
      return []
    case 'type':
    case 'sequence':
      return differs('definition') ? [wrong('different', [])] : []
    case 'function':
      if (!differs('definition')) return []
      return [wrong('different', differs('result') ? withIts(again()) : create(item, all))]
    case 'index':
      if (differs('definition')) return [wrong('different', withIts(again()))]
      return item.facts.valid === found.facts.valid
        ? []
        : [wrong('not-valid', [`reindex index concurrently ${item.name}`])]
    case 'view':
      return ['definition', 'options', 'materialized'].some(differs)
        ? [wrong('different', withIts([...drop(found), ...create(item, all)]))]
        : []
    case 'trigger':
      if (differs('definition')) return [wrong('different', withIts(again()))]
      return differs('enabled')
        ? [
            wrong(
              text(found, 'enabled') === 'disable trigger' ? 'switched-off' : 'different',
              [switchTrigger(item)],
              'enabled',
            ),
          ]
        : []
    case 'rule':
    case 'policy':
      return differs('definition') ? [wrong('different', withIts(again()))] : []
    case 'constraint':
      return constraint(item, found, wrong, () => withIts(again()))
    case 'grant':
      if (!differs('grantable')) return []
      return [
        wrong(
          'different',
          [
            item.facts.grantable === true
              ? grant(item)
              : `revoke grant option for ${text(item, 'on')} from ${text(item, 'grantee')}`,
          ],
          'grantable',
        ),
      ]
    case 'comment':
      return differs('text') ? [wrong('different', create(item, []), 'text')] : []
    case 'table':
      return table(item, found, wrong)
    case 'column':
      return column(item, found, wrong, withIts)
  }
}

type Wrong = (problem: SchemaDifference['problem'], mend: readonly string[], fact?: string) => RankedDifference

function constraint(
  item: CatalogueItem,
  found: CatalogueItem,
  wrong: Wrong,
  again: () => string[],
): RankedDifference[] {
  if (item.facts.definition !== found.facts.definition) return [wrong('different', again())]
  const { off } = found.facts
  return [
    ...(Array.isArray(off) && off.length > 0 ? [wrong('switched-off', off)] : []),
    ...(found.facts.validated === false
      ? [wrong('not-valid', [`alter table ${text(item, 'table')} validate constraint ${text(item, 'constraint')}`])]
      : []),
  ]
}

function table(item: CatalogueItem, found: CatalogueItem, wrong: Wrong): RankedDifference[] {
  const alter = (what: string) => [`alter table ${item.name} ${what}`]
  const flag = (fact: string, on: string, off: string) =>
    item.facts[fact] === found.facts[fact]
      ? []
      : [
          wrong(
            item.facts[fact] === true && fact !== 'unlogged' ? 'switched-off' : 'different',
            alter(item.facts[fact] === true ? on : off),
            fact,
          ),
        ]
  return [
    ...flag('unlogged', 'set unlogged', 'set logged'),
    ...flag('row_security', 'enable row level security', 'disable row level security'),
    ...flag('force_row_security', 'force row level security', 'no force row level security'),
    ...(item.facts.options === found.facts.options ? [] : [wrong('different', storageOptions(item, found), 'options')]),
  ]
}

function storageOptions(item: CatalogueItem, found: CatalogueItem): string[] {
  const list = (of: CatalogueItem) => /\{(.*)\}$/.exec(text(of, 'options'))?.[1]?.split(',') ?? []
  const names = list(found).map((option) => option.split('=')[0])
  return [
    ...(names.length > 0 ? [`alter table ${item.name} reset (${names.join(', ')})`] : []),
    ...(list(item).length > 0 ? [`alter table ${item.name} set (${list(item).join(', ')})`] : []),
  ]
}

function column(
  item: CatalogueItem,
  found: CatalogueItem,
  wrong: Wrong,
  withIts: (statements: readonly string[]) => string[],
): RankedDifference[] {
  const { facts } = item
  const name = String(facts.column)
  const alter = (what: string) => `alter table ${tableOf(item)} alter column ${name} ${what}`
  const differs = (fact: string) => facts[fact] !== found.facts[fact]

  // What is computed can be dropped and made again, and what was a plain column before cannot become one that is computed.
  if (facts.generated !== null && (differs('generated') || differs('storage') || differs('type'))) {
    const fact = differs('generated') ? 'generated' : differs('type') ? 'type' : 'storage'
    const again = [`alter table ${tableOf(item)} drop column ${name}`, ...create(item, [])]
    return [wrong('different', withIts(again), fact)]
  }
  if (differs('generated')) return [wrong('different', [alter('drop expression')], 'generated')]

  const { type } = facts
  return [
    ...(differs('type') ? [wrong('different', [alter(`type ${type} using (${name}::${type})`)], 'type')] : []),
    ...(differs('identity') ? [wrong('different', identity(alter, facts, found.facts), 'identity')] : []),
    ...(differs('default')
      ? [
          wrong(
            'different',
            [alter(facts.default === null ? 'drop default' : `set default ${facts.default}`)],
            'default',
          ),
        ]
      : []),
    ...(differs('not_null')
      ? [wrong('different', [alter(facts.not_null === true ? 'set not null' : 'drop not null')], 'not_null')]
      : []),
  ]
}

function identity(alter: (what: string) => string, expected: Facts, found: Facts): string[] {
  if (expected.identity === null) return [alter('drop identity')]
  return [
    alter(
      found.identity === null ? `add generated ${expected.identity} as identity` : `set generated ${expected.identity}`,
    ),
  ]
}

/** `reindex concurrently` leaves these when it dies. */
function leftover(item: CatalogueItem): RankedDifference | undefined {
  if (item.kind !== 'index' || item.facts.valid === true || !/_cc(new|old)\d*"?$/.test(item.name)) return undefined
  return { ...about(item), problem: 'leftover', mend: drop(item), rank: rankOf(item) }
}

function exposed(item: CatalogueItem, known: ReadonlySet<string>): RankedDifference | undefined {
  if (item.kind !== 'grant' || item.facts.grantee !== 'public' || !known.has(item.parent ?? '')) return undefined
  return { ...about(item), problem: 'exposed', mend: drop(item), rank: rankOf(item) }
}

/** What is on or in something of the host's goes without saying. */
function hangsOnAdded(
  item: CatalogueItem,
  live: ReadonlyMap<string, CatalogueItem>,
  known: ReadonlySet<string>,
): boolean {
  return item.parent !== null && live.has(item.parent) && !known.has(item.parent)
}

function about({ kind, name }: CatalogueItem): Pick<SchemaDifference, 'kind' | 'name'> {
  return { kind, name }
}

function shown(facts: Facts, fact: string): string {
  const value = facts[fact]
  return value === null || value === undefined
    ? 'none'
    : typeof value === 'boolean'
      ? `${fact}: ${value}`
      : String(value)
}

/** What others need comes before them. */
function rankOf(item: CatalogueItem): [number, number] {
  return [rank(item), item.oid]
}

function rank(item: CatalogueItem): number {
  switch (item.kind) {
    case 'schema':
      return 0
    case 'type':
      return 1
    case 'sequence':
      return 2
    case 'function':
      return item.facts.later === true ? 6 : 3
    case 'table':
      return 4
    case 'column':
      return 5
    case 'constraint':
      return item.facts.type === 'f' ? 9 : 7
    case 'index':
      return 8
    case 'view':
      return 10
    case 'trigger':
    case 'rule':
      return 11
    case 'policy':
      return 12
    case 'grant':
      return 13
    case 'comment':
      return 14
  }
}
