import type { Output } from './output.js'

/** Prints a result under a heading and the call that gave it; with `--json` it prints nothing. Gives the result back. */
export type Show = <T>(title: string, call: string, result: T, print: (out: Output, result: T) => void) => T

export function createShow(out: Output): Show {
  return (title, call, result, print) => {
    if (out.json) return result
    out.line()
    out.line(out.style('bold', title))
    out.line(out.style('dim', call))
    out.line()
    print(out, result)
    return result
  }
}
