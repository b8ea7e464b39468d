import { dayText } from './days.js'
import { type Place, places, type Wording } from './places.js'
import { placesApart } from './places-apart.js'
import { Random } from './random.js'

export type AccountName = 'checking' | 'savings' | 'card' | 'foreign'

export interface FeedRow {
  readonly key: string
  readonly account: AccountName
  readonly date: string
  readonly merchant: string
  readonly description: string
  readonly category: string | undefined
  readonly amount: string
  readonly pending: boolean
  /** What made it, for a report. */
  readonly why: string
}

/** What is charged again and again. */
export interface FeedStream {
  readonly kind: string
  readonly cadence: string
  readonly name: string
  /** The keys of its charges, earliest first. */
  readonly charges: readonly string[]
}

export interface FeedMove {
  readonly kind: string
  readonly from: string
  readonly to: string
}

/** Who is paid, and what stays the same of the text: numbers of customers and mandates, and how the bank writes it. */
export interface Payee {
  readonly name: string
  readonly pattern: string
  readonly kept: Random
  readonly seed: string
}

interface Booking {
  readonly account?: AccountName
  readonly day: number
  /** In units of the currency; negative is out. */
  readonly amount: number
  readonly payee: Payee
  readonly why: string
  readonly category?: string | undefined
  /** What it is for. */
  readonly word?: string
  readonly city?: string
  readonly pending?: boolean
}

/** One person's feed, as it is written. */
export class Person {
  readonly place: Place
  readonly random: Random
  readonly rows: FeedRow[] = []
  readonly streams: FeedStream[] = []
  readonly moves: FeedMove[] = []
  /** Keys of pay. */
  readonly pay: string[] = []
  /** Keys that may be found or not: nobody could say. */
  readonly either = new Set<string>()
  readonly own: string
  /** Whom they know. */
  readonly friends: readonly string[]
  readonly card: string
  /** Whether the bank gives the other party a field of its own, or writes one text. */
  readonly fields: 'one' | 'two'
  readonly categories: 'none' | 'plaid' | 'plain'
  readonly foreign: string
  private readonly bank: number

  constructor(
    readonly country: string,
    readonly number: number,
    seed: string,
    /** The days that there are, both inclusive. */
    readonly first: number,
    readonly last: number,
  ) {
    this.place = (places[country] ?? placesApart[country]) as Place
    this.random = new Random(`${seed} ${country} ${number}`)
    this.own = this.random.pick(this.place.people)
    this.friends = this.place.people.filter((name) => name !== this.own)
    this.card = this.random.digits(4)
    this.fields = this.random.chance(0.3) ? 'two' : 'one'
    this.categories = this.random.pick(['none', 'none', 'plaid', 'plain'] as const)
    this.foreign = this.place.currency === 'EUR' ? 'USD' : 'EUR'
    this.bank = this.random.int(0, 99)
  }

  /** Their bank has one way of writing each kind of payment. */
  payee(wording: Wording, name: string): Payee {
    const patterns = this.place.patterns[wording]
    const at = wording === 'shop' || this.random.chance(0.85) ? this.bank : this.random.int(0, 99)
    const pattern = patterns[at % patterns.length] as string
    return { name, pattern, kept: this.random, seed: `${this.country} ${this.number} ${name} ${wording}` }
  }

  book({ account = 'checking', day, amount, payee, why, category, word = '', city, pending = false }: Booking): string {
    const key = `${this.country}-${this.number}-${this.rows.length}`
    const currency = account === 'foreign' ? this.foreign : this.place.currency
    const minor = currency === this.place.currency ? this.place.minor : 2
    const value = amount.toFixed(minor)
    const text = this.write(payee, day, value.replace('-', ''), word, city ?? this.random.pick(this.place.cities))
    const named = this.fields === 'two' && !/^(atm|cash)$/.test(why)
    this.rows.push({
      key,
      account,
      date: dayText(day),
      merchant: named ? payee.name : text,
      description: named ? text : '',
      category: this.categories === 'none' ? undefined : category?.split('|')[this.categories === 'plaid' ? 0 : 1],
      amount: value,
      pending,
      why,
    })
    return key
  }

  private write({ name, pattern, seed }: Payee, day: number, amount: string, word: string, city: string): string {
    const kept = new Random(seed)
    const [year, month, date] = dayText(day).split('-') as [string, string, string]
    const monthName = this.place.months[Number(month) - 1] as string
    const named: Record<string, string> = {
      m: name,
      M: name.toUpperCase(),
      p: name,
      own: this.own.toUpperCase(),
      c: city,
      k: this.card,
      w: word,
      amt: amount,
      Mon: monthName,
      MON: monthName.slice(0, 3).toUpperCase(),
      dd: date,
      mm: month,
      yy: year.slice(2),
      yyyy: year,
    }
    return pattern.replace(/\{([^}]+)\}/g, (_, token: string) => {
      if (named[token] !== undefined) return named[token]
      const [, kind, length] = /^([naNA])(\d+)$/.exec(token) ?? []
      if (kind !== undefined) {
        const source = kind === kind.toLowerCase() ? this.random : kept
        return kind.toLowerCase() === 'n' ? source.digits(Number(length)) : source.code(Number(length))
      }
      return token.replace('yyyy', year).replace('yy', year.slice(2)).replace('mm', month).replace('dd', date)
    })
  }

  /** An amount of so many dollars or euros, in the currency of the place, as prices are there. */
  price(units: number): number {
    const amount = units * this.place.scale
    if (this.place.minor === 0) return Math.max(10, Math.round(amount / 10) * 10)
    if (this.place.scale >= 10) return Math.max(9, Math.round(amount / 10) * 10 - 1)
    return Number(amount.toFixed(this.place.minor))
  }

  /** A sum that people name: 50, 100, 2000. */
  roundSum(units: number): number {
    const amount = units * this.place.scale
    const step = 10 ** Math.floor(Math.log10(amount)) / 2
    return Math.max(5, Math.round(amount / step) * step)
  }
}
