import { cardPaymentNames, internalCategories, rentNames, vagueCategories } from '../../src/repositories/spending.js'
import { costNames, dealNames, tradeCategories, yieldNames } from '../../src/repositories/trades.js'
import { bonusInText, dueInText, payInText, readCategory, readName } from '../../src/signals/words.js'
import type { Row } from './read.js'

export type Name = ReturnType<typeof readName> & { readonly is_card_payment: boolean; readonly is_rent: boolean }
export type Category = ReturnType<typeof readCategory> & {
  readonly is_internal: boolean
  readonly is_transfer: boolean
  readonly is_vague: boolean
  readonly is_trade: boolean
}

const names = new Map<string, Name>()
const categories = new Map<string, Category>()
/** Names without their digits are few, but a process may live long. */
const most = 100_000

/** What the name of a merchant says, its digits aside. */
export function nameOf(merchant: string): Name {
  const template = merchant.replace(/[1-9]/g, '0')
  return remembered(names, template, (text) => ({
    ...readName(text),
    is_card_payment: cardPayment.test(text.toLowerCase()),
    is_rent: rent.test(text.toLowerCase()),
  }))
}

/** What stays the same of the name: the merchant itself where it has nothing but codes. */
export const keyOf = ({ key, code_end }: Name, merchant: string) =>
  key === ''
    ? merchant
        .slice(0, code_end)
        .toLowerCase()
        .replace(/^ +| +$/g, '')
    : key

export function categoryOf(category: string): Category {
  return remembered(categories, category, (text) => ({
    ...readCategory(text),
    is_internal: internal.has(text.replaceAll(' ', '_').toLowerCase()),
    is_transfer: text.toLowerCase() === 'transfer',
    is_vague: vague.test(text.toLowerCase()),
    is_trade: trade.test(text.toLowerCase()),
  }))
}

export const saysCardPayment = (description: string) => cardPayment.test(description.toLowerCase())
export const saysRent = (description: string) => rent.test(description.toLowerCase())
export const saysDue = (description: string) => due.test(description.toLowerCase())
export const saysPay = (description: string) => pay.test(description.toLowerCase())
export const saysBonus = (description: string) => bonus.test(description.toLowerCase())

/** Whether the words of a row where shares are kept speak of a deal, or at least not of anything else. */
export function readsAsTrade({ category, merchant, description }: Row, isOut: boolean): boolean {
  const said = `${category.replaceAll('_', ' ')} ${merchant} ${description}`.toLowerCase()
  return deal.test(said) || !(cost.test(said) || (!isOut && yields.test(said)))
}

function remembered<Value>(known: Map<string, Value>, text: string, read: (text: string) => Value): Value {
  let value = known.get(text)
  if (value === undefined) {
    value = read(text)
    if (known.size >= most) known.clear()
    known.set(text, value)
  }
  return value
}

/** A pattern of Postgres, whose ends of words are of any script. */
function pattern(postgres: string): RegExp {
  const word = '[\\p{Alphabetic}\\p{Nd}_]'
  const starts = `(?<!${word})(?=${word})`
  const ends = `(?<=${word})(?!${word})`
  const written = postgres
    .replaceAll('\\m', starts)
    .replaceAll('\\M', ends)
    .replaceAll('\\y', `(?:${starts}|${ends})`)
    .replaceAll('\\W', `[^\\p{Alphabetic}\\p{Nd}_]`)
    .replaceAll('[[:alpha:]]', '\\p{Alphabetic}')
  return new RegExp(written, 'u')
}

const cardPayment = pattern(cardPaymentNames)
const rent = pattern(rentNames)
const vague = new RegExp(vagueCategories, 'u')
const trade = new RegExp(tradeCategories, 'u')
const deal = pattern(dealNames)
const cost = pattern(costNames)
const yields = pattern(yieldNames)
const due = pattern(dueInText)
const pay = pattern(payInText)
const bonus = pattern(bonusInText)
const internal = new Set<string>(internalCategories)
