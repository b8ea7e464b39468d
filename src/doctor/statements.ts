import { literal } from '../quoting.js'
import { type CatalogueItem, keyOf } from './catalogue.js'

/** Text facts. */
export const text = ({ facts }: CatalogueItem, fact: string) => String(facts[fact] ?? '')

/** Statements that make an object that is not there, given all others of the schema. */
export function create(item: CatalogueItem, all: readonly CatalogueItem[]): string[] {
  const definition = text(item, 'definition')
  switch (item.kind) {
    case 'schema':
      return [`create schema ${item.name}`]
    case 'type':
    case 'sequence':
    case 'policy':
      return [definition]
    case 'rule':
      return [definition.replace(/;$/, '')]
    case 'function':
      return definition === 'an aggregate' ? [] : [definition.trimEnd(), ...closed(item, all)]
    case 'table':
      return createTable(item, all)
    case 'column':
      return [`alter table ${tableOf(item)} add column ${columnDefinition(item)}`]
    case 'constraint':
      return addConstraint(item)
    case 'index':
      return [definition.replace(/^CREATE (UNIQUE )?INDEX /, 'CREATE $1INDEX CONCURRENTLY ')]
    case 'view':
      return [createView(item)]
    case 'trigger':
      return [definition, ...(text(item, 'enabled') === 'enable trigger' ? [] : [switchTrigger(item)])]
    case 'grant':
      return [grant(item)]
    case 'comment':
      return [`comment on ${item.name} is ${literal(text(item, 'text')).trim()}`]
  }
}

/** A new function is everybody's to call. */
function closed(item: CatalogueItem, all: readonly CatalogueItem[]): string[] {
  const open = all.some(
    ({ kind, parent, facts }) => kind === 'grant' && parent === keyOf(item) && facts.grantee === 'public',
  )
  return open ? [] : [`revoke all on ${functionKind(item)} ${item.name} from public`]
}

function functionKind(item: CatalogueItem): 'procedure' | 'function' {
  return /^create or replace procedure/i.test(text(item, 'definition')) ? 'procedure' : 'function'
}

/** The statement that takes an object away, if there is one that takes no data with it. */
export function drop(item: CatalogueItem): string[] {
  switch (item.kind) {
    case 'constraint':
      return [`alter table ${text(item, 'table')} drop constraint ${text(item, 'constraint')}`]
    case 'index':
      return [`drop index concurrently ${item.name}`]
    case 'view':
      return [`drop ${item.facts.materialized === true ? 'materialized ' : ''}view ${item.name}`]
    case 'function':
      return [`drop ${functionKind(item)} ${item.name}`]
    case 'trigger':
    case 'policy':
    case 'rule':
      return [`drop ${item.kind} ${item.name}`]
    case 'grant':
      return [`revoke ${text(item, 'on')} from ${text(item, 'grantee')}`]
    default:
      return []
  }
}

export function switchTrigger(item: CatalogueItem): string {
  return `alter table ${text(item, 'table')} ${text(item, 'enabled')} ${text(item, 'trigger')}`
}

export function grant(item: CatalogueItem): string {
  return `grant ${text(item, 'on')} to ${text(item, 'grantee')}${item.facts.grantable === true ? ' with grant option' : ''}`
}

export function tableOf(item: CatalogueItem): string {
  return (item.parent ?? '').slice('table '.length)
}

/** Old rows are looked at afterwards, under a lock that lets others read and write. */
function addConstraint(item: CatalogueItem): string[] {
  const [table, name] = [text(item, 'table'), text(item, 'constraint')]
  const add = `alter table ${table} add constraint ${name} ${text(item, 'definition')}`
  return ['c', 'f'].includes(text(item, 'type'))
    ? [`${add} not valid`, `alter table ${table} validate constraint ${name}`]
    : [add]
}

function createTable(item: CatalogueItem, all: readonly CatalogueItem[]): string[] {
  const columns = all.filter(({ kind, parent }) => kind === 'column' && parent === `table ${item.name}`)
  const { unlogged, row_security, force_row_security } = item.facts
  const options = /\{(.*)\}$/.exec(text(item, 'options'))?.[1]
  const body = columns.map((column) => `  ${columnDefinition(column)}`).join(',\n')
  return [
    `create ${unlogged === true ? 'unlogged ' : ''}table ${item.name} (\n${body}\n)${options === undefined ? '' : ` with (${options})`}`,
    ...(row_security === true ? [`alter table ${item.name} enable row level security`] : []),
    ...(force_row_security === true ? [`alter table ${item.name} force row level security`] : []),
  ]
}

function columnDefinition({ facts }: CatalogueItem): string {
  return [
    facts.column,
    facts.type,
    facts.generated !== null && `generated always as (${facts.generated}) ${facts.storage}`,
    facts.identity !== null && `generated ${facts.identity} as identity`,
    facts.default !== null && `default ${facts.default}`,
    facts.not_null === true && 'not null',
  ]
    .filter((part) => part !== false)
    .join(' ')
}

function createView(item: CatalogueItem): string {
  const options = item.facts.options === null ? '' : ` with (${item.facts.options})`
  const kind = item.facts.materialized === true ? 'materialized view' : 'view'
  return `create ${kind} ${item.name}${options} as\n${text(item, 'definition').replace(/;\s*$/, '')}`
}
