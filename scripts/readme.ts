/** Puts the files of examples/ into README.md, below the comments that name them. `--check` writes nothing and fails on drift. */
import { readFile, writeFile } from 'node:fs/promises'

const README = new URL('../README.md', import.meta.url)

async function withExamples(readme: string): Promise<string> {
  let result = ''
  let rest = readme
  for (;;) {
    const marker = /<!-- (examples\/[\w-]+\.ts) -->\n/.exec(rest)
    if (marker === null) return result + rest
    const [comment, path = ''] = marker
    const end = marker.index + comment.length
    const code = await readFile(new URL(`../${path}`, import.meta.url), 'utf8')
    result += `${rest.slice(0, end)}\n\`\`\`ts\n${code}\`\`\`\n`
    rest = rest.slice(end).replace(/^\n```ts\n[\s\S]*?\n```\n/, '')
  }
}

const before = await readFile(README, 'utf8')
const after = await withExamples(before)
if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error('README.md does not show the examples as they are: run `npm run readme`.')
    process.exitCode = 1
  }
} else {
  await writeFile(README, after)
}
