import { internalCategories } from '../repositories/spending.js'
import { strip } from './merchant-key.js'
import { fromOthers, ownWords, toOthers, transferWords } from './transfer-words.js'

export interface SideRow {
  readonly user_id: string
  readonly id: string
  readonly account_id: string
  /** Days since a Monday. */
  readonly day: number
  readonly amount: string
  readonly category: string
  readonly text: string
  readonly account_type: string
  /** The last digits, the bank and the name of the account. */
  readonly names: readonly string[]
  /** Whose account it is, empty where that is not known. */
  readonly holder: string
}

/** A posted row that may be one side of a movement. */
export interface Side extends SideRow {
  readonly said: Reading
}

/** Two posted rows that could be one movement: opposite signs, own accounts, the same sum or nearly. */
export interface Pair {
  readonly user_id: string
  readonly from: Side
  readonly to: Side
  /** Part of what left that did not arrive, null where all did. Only between amounts of one currency. */
  readonly fee: string | null
  readonly rate: string | null
  readonly expected_rate: string | null
  /** How many sides speak of a transfer. */
  readonly said: number
  readonly named: Named
  /** Both sides speak of a transfer, and one of them is to or from the holder of the accounts by name. */
  readonly isHolders: boolean
}

/** Whom the two sides name: the holder of the accounts, one person who may be the holder, two people, or nobody. */
export type Named = 'same' | 'either' | 'others' | 'none'

/** What the words of a row say by themselves. Each is looked for when it is first asked for. */
interface Reading {
  readonly lower: () => string
  /** Of money between own accounts, or of a card that is paid off. */
  readonly isOwn: () => boolean
  /** Of money that moves, to oneself or to others. */
  readonly isMove: () => boolean
  readonly isFromOthers: () => boolean
  readonly isToOthers: () => boolean
  /** What stays of the text from one time to the next. */
  readonly template: () => string
  /** What is left of the text without what banks write around names. */
  readonly names: () => ReadonlySet<string>
}

/** The ids of rows are unique among those of a person. */
export const sideKey = (userId: string, id: string) => `${userId} ${id}`

/** By {@link sideKey}. Rows with the same words share what they say. */
export function readSides(rows: readonly SideRow[]): ReadonlyMap<string, Side> {
  const readings = new Map<string, Reading>()
  return new Map(
    rows.map((row) => {
      const key = `${row.category}\n${row.text}`
      const said = readings.get(key) ?? read(row)
      readings.set(key, said)
      return [sideKey(row.user_id, row.id), { ...row, said }]
    }),
  )
}

function read({ category, text }: SideRow): Reading {
  const lower = once(() => text.toLowerCase())
  const template = once(() => strip(text))
  return {
    lower,
    template,
    isOwn: once(() => {
      const plain = category.toLowerCase().replaceAll(' ', '_')
      return internalCategories.some((internal) => internal === plain) || ownWords.test(lower())
    }),
    isMove: once(() => transferWords.test(lower())),
    isFromOthers: once(() => fromOthers.test(`${category} ${text}`.toLowerCase().replaceAll('_', ' '))),
    isToOthers: once(() => toOthers.test(lower())),
    names: once(() => namesIn(template())),
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

const namesIn = (template: string): ReadonlySet<string> =>
  new Set(template.replace(transferGlobal, ' ').match(/\p{L}+/gu))
const transferGlobal = new RegExp(transferWords.source, 'gu')

/** With what the two sides say together. */
export function pairOf(pair: Omit<Pair, 'said' | 'named' | 'isHolders'>): Pair {
  const { from, to } = pair
  const own = [from.said.isOwn() || mentions(from, to), to.said.isOwn() || mentions(to, from)]
  const said = own.filter((side, i) => side || (i === 0 ? from : to).said.isMove()).length
  // From a depository of shares money goes to nobody else: words that look like names are what the bank writes.
  const isKnown = own.some(Boolean) || from.account_type === 'investment' || to.account_type === 'investment'
  return { ...pair, said, named: isKnown ? 'none' : namedBy(from, to), isHolders: said === 2 && namesHolder(from, to) }
}

/** By more than one name: a first name is many people's. */
function namesHolder({ said: from, holder }: Side, { said: to }: Side): boolean {
  if (holder === '') return false
  const held = [...namesIn(strip(holder))]
  return held.length > 1 && [from, to].some((side) => held.every((name) => side.names().has(name)))
}

function namedBy({ said: from, holder }: Side, { said: to }: Side): Named {
  const [paid, received] = [from.names(), to.names()]
  const shared = [...paid].filter((name) => received.has(name)).length
  if (shared > 0 && shared >= Math.min(paid.size, received.size, 2)) {
    const held = namesIn(strip(holder))
    if (held.size === 0) return 'either'
    return [...held].some((name) => paid.has(name)) ? 'same' : 'others'
  }
  // One word may be what an account is called.
  return paid.size > 1 && received.size > 1 && shared === 0 ? 'others' : 'none'
}

/** Whether a text names the account on the other side: by its last digits, or its bank. */
function mentions({ said }: Side, { names }: Side): boolean {
  const text = said.lower()
  return names.some((name) => {
    const at = name.length < 4 ? -1 : text.indexOf(name.toLowerCase())
    return at !== -1 && !/[\p{L}\d]/u.test(text.slice(at + name.length, at + name.length + 1))
  })
}
