import type { ReadStream } from 'node:tty'
import { Interrupted, UsageError } from './exit-codes.js'

/** Everything on stdin, without the line end that `echo` adds. */
export async function passwordFromStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}

/** Asks twice at the terminal, showing nothing of what is typed. */
export async function askPassword(): Promise<string> {
  const input = process.stdin
  if (!input.isTTY) {
    throw new UsageError('There is no terminal to ask for a password: give --password-stdin or --generate.')
  }
  // Before the question, and until the end: what is typed ahead is not shown either.
  input.setRawMode(true)
  input.setEncoding('utf8')
  try {
    const password = await readHidden(input, 'Password: ')
    const again = await readHidden(input, 'Again: ')
    if (again !== password) throw new UsageError('The two passwords differ.')
    return password
  } finally {
    input.setRawMode(false)
    input.pause()
  }
}

/** One line. What follows it stays for the next. */
function readHidden(input: ReadStream, question: string): Promise<string> {
  process.stderr.write(question)
  let typed: string[] = []

  return new Promise((resolve, reject) => {
    const finish = (rest: string) => {
      input.off('data', onData)
      input.pause()
      if (rest !== '') input.unshift(rest)
      process.stderr.write('\n')
    }
    function onData(chunk: string): void {
      for (const [index, key] of [...chunk].entries()) {
        const rest = [...chunk].slice(index + 1).join('')
        if (key === '\r' || key === '\n' || key === '\x04') {
          finish(rest)
          resolve(typed.join(''))
          return
        }
        if (key === '\x03') {
          // In raw mode the terminal leaves it to us.
          finish('')
          reject(new Interrupted())
          return
        }
        if (key === '\x7f' || key === '\b') typed = typed.slice(0, -1)
        else if (key === '\x15') typed = []
        else if (key >= ' ') typed.push(key)
      }
    }
    input.on('data', onData)
    input.resume()
  })
}
