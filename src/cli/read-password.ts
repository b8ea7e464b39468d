import type { ReadStream } from 'node:tty'
import { UsageError } from './exit-codes.js'

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
  if (!process.stdin.isTTY) {
    throw new UsageError('There is no terminal to ask for a password: give --password-stdin or --generate.')
  }
  const password = await askHidden(process.stdin, 'Password: ')
  if ((await askHidden(process.stdin, 'Again: ')) !== password) throw new UsageError('The two passwords differ.')
  return password
}

function askHidden(input: ReadStream, question: string): Promise<string> {
  process.stderr.write(question)
  input.setRawMode(true)
  input.setEncoding('utf8')
  input.resume()

  return new Promise((resolve) => {
    let typed: string[] = []
    const finish = () => {
      input.off('data', onData)
      input.setRawMode(false)
      input.pause()
      process.stderr.write('\n')
    }
    function onData(chunk: string): void {
      for (const key of chunk) {
        if (key === '\r' || key === '\n' || key === '\x04') {
          finish()
          resolve(typed.join(''))
          return
        }
        if (key === '\x03') {
          // In raw mode the terminal leaves it to us.
          finish()
          process.kill(process.pid, 'SIGINT')
          return
        }
        if (key === '\x7f' || key === '\b') typed = typed.slice(0, -1)
        else if (key === '\x15') typed = []
        else if (key >= ' ') typed.push(key)
      }
    }
    input.on('data', onData)
  })
}
