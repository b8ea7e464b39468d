import { weekday } from './days.js'
import type { Person } from './person.js'

const food = 'FOOD_AND_DRINK_GROCERIES|Groceries'

/** What people do again and again without having agreed to it: none of it is recurring. */
export function goAboutLife(person: Person): void {
  const { place, random, first, last } = person
  const account = random.pick(['checking', 'card'] as const)
  const visit = (why: string, names: readonly string[], category: string) => {
    const payees = names.map((name) => person.payee('shop', name))
    return (day: number, amount: number, at = random.int(0, payees.length - 1)) =>
      person.book({
        account,
        day,
        amount: -amount,
        payee: payees[at % payees.length] as (typeof payees)[number],
        why,
        category,
      })
  }
  const cents = (least: number, most: number) =>
    Number((random.between(least, most) * place.scale).toFixed(place.minor))
  const days = function* (least: number, most: number) {
    for (let day = first + random.int(0, most); day <= last; day += random.int(least, most)) yield day
  }

  const groceries = visit('groceries', random.some(place.shops.groceries, 2), food)
  for (const day of days(1, 5)) groceries(day, cents(8, 95))

  // The big shopping of Saturday, at one shop, most weeks.
  const weekly = visit('weekly shopping', [random.pick(place.shops.groceries)], food)
  for (let day = first; day <= last; day++) {
    if (weekday(day) === 6 && random.chance(0.85)) weekly(random.chance(0.8) ? day : day - 1, cents(55, 130))
  }

  // A few prices of one shop, on the same weekdays, and now and then besides.
  const cup = random.some([2.9, 3.2, 3.9, 4.5, 5.25], 3).map((units) => person.price(units))
  const coffee = visit('coffee', [random.pick(place.shops.coffee)], 'FOOD_AND_DRINK_COFFEE|Coffee')
  const mornings = random.some([1, 2, 3, 4, 5], random.int(1, 4))
  for (let day = first; day <= last; day++) {
    if (random.chance(mornings.includes(weekday(day)) ? 0.75 : 0.06))
      coffee(day, cup[random.chance(0.65) ? 0 : random.int(0, 2)] as number)
  }

  // Friday's lunch at one place: nearly one price, not each week, at times a day before.
  const lunch = visit('lunch on Fridays', [random.pick(place.shops.meals)], 'FOOD_AND_DRINK_RESTAURANT|Restaurants')
  const menu = person.price(random.pick([9.5, 11.9, 12.5]))
  for (let day = first; day <= last; day++) {
    if (weekday(day) === 5 && random.chance(0.7))
      lunch(random.chance(0.8) ? day : day - random.int(1, 2), random.chance(0.5) ? menu : menu + cents(0.5, 4))
  }

  const fuel = visit('fuel', random.some(place.shops.fuel, 2), 'TRANSPORTATION_GAS|Gas & Fuel')
  for (const day of days(6, 11))
    fuel(day, random.chance(0.25) ? person.price(random.pick([30, 40, 50])) : cents(28, 72), random.chance(0.7) ? 0 : 1)

  const meals = visit('meals', place.shops.meals, 'FOOD_AND_DRINK_RESTAURANT|Restaurants')
  for (const day of days(2, 13)) meals(day, cents(9, 80))
  const other = visit('shops', place.shops.other, 'GENERAL_MERCHANDISE_OTHER_GENERAL_MERCHANDISE|Shopping')
  for (const day of days(3, 16)) other(day, cents(4, 140))

  // Fares and tops-up have one price, and no rhythm.
  const fare = visit(
    'top-ups of one price',
    [random.pick(['Metro', 'Bus & Bahn', 'Toll Plaza', 'Parking'])],
    'TRANSPORTATION_PUBLIC_TRANSIT|Travel',
  )
  const once = person.price(random.pick([5, 10, 20]))
  for (const day of days(3, 19)) fare(day, once)

  const hair = visit(
    'hairdresser',
    [random.pick(['Salon Figaro', 'Top Cuts', 'Barber House'])],
    'PERSONAL_CARE_HAIR_AND_BEAUTY|Hair',
  )
  const cut = person.price(random.pick([18, 25, 32]))
  for (const day of days(24, 50)) hair(day, random.chance(0.6) ? cut : cut + cents(2, 15))

  // Friends: round sums, now and then the same one.
  for (const friend of random.some(person.friends, 2)) {
    const payee = person.payee('sent', friend)
    for (const day of days(8, 70)) {
      person.book({
        day,
        amount: -person.roundSum(random.pick([10, 15, 20, 20, 25, 40, 50])),
        payee,
        why: 'friends',
        category: 'TRANSFER_OUT_ACCOUNT_TRANSFER|Friends',
        word: random.pick(['dinner', 'tickets', '']),
      })
    }
    const back = person.payee('received', friend)
    for (const day of days(20, 90))
      person.book({
        day,
        amount: person.roundSum(random.pick([10, 20, 25, 50])),
        payee: back,
        why: 'friends',
        category: 'TRANSFER_IN_ACCOUNT_TRANSFER|Friends',
      })
  }

  const machine = person.payee('cash', 'ATM')
  for (const day of days(5, 17))
    person.book({
      day,
      amount: -person.roundSum(random.pick([50, 100, 100, 200])),
      payee: machine,
      why: 'atm',
      category: 'TRANSFER_OUT_WITHDRAWAL|Cash',
    })

  // A purchase, and money back some days later; a pending row, and the one that was posted for it.
  for (const day of days(35, 80)) {
    const payee = person.payee('shop', random.pick(place.shops.other))
    const amount = cents(20, 160)
    person.book({ account, day, amount: -amount, payee, why: 'refunded' })
    if (day + 9 <= last) person.book({ account, day: day + random.int(2, 9), amount, payee, why: 'refund' })
  }
  for (const day of days(25, 60)) {
    const payee = person.payee('shop', random.pick(place.shops.meals))
    const amount = cents(9, 50)
    person.book({ account, day, amount: -amount, payee, why: 'pending', pending: true })
    if (day + 2 <= last) person.book({ account, day: day + 2, amount: -amount, payee, why: 'posted' })
  }
}
