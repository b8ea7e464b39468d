/**
 * Draws the names of `src/seed/names.ts` from faker: `npx tsx scripts/seed-names.ts`. The seeder reads the list and not
 * faker, whose names change from version to version. A new list is a new generator.
 */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { base, en, Faker } from '@faker-js/faker'

const faker = new Faker({ locale: [en, base] })
faker.seed(2)

function draw(count: number, make: () => string): string[] {
  const drawn = new Set<string>()
  while (drawn.size < count) {
    const name = make()
    if (/^[A-Za-z][A-Za-z ,&.-]*$/.test(name)) drawn.add(name)
  }
  return [...drawn].sort()
}

function list(name: string, comment: string, words: readonly string[]): string {
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    if (line.length + word.length > 110) {
      lines.push(line)
      line = ''
    }
    line += `${word}|`
  }
  lines.push(line.slice(0, -1))
  const text = lines.map((part) => `    '${part}'`).join(' +\n')
  return `/** ${comment} */\nexport const ${name} = words(\n${text},\n)\n`
}

const parts = [
  '// Written by scripts/seed-names.ts from @faker-js/faker. Everybody’s sample data hangs on it: not edited, but versioned.\n',
  list(
    'firstNames',
    'Given names.',
    draw(260, () => faker.person.firstName()),
  ),
  list(
    'lastNames',
    'Family names.',
    draw(460, () => faker.person.lastName()),
  ),
  list(
    'companies',
    'Who pays people.',
    draw(240, () => faker.company.name()),
  ),
  list(
    'cities',
    'Where shops are.',
    draw(90, () => faker.location.city()).filter((city) => city.length <= 16),
  ),
  `function words(text: string): readonly [string, ...string[]] {
  const [first = '', ...rest] = text.split('|')
  return [first, ...rest]
}\n`,
]
await writeFile(fileURLToPath(new URL('../src/seed/names.ts', import.meta.url)), parts.join('\n'))
