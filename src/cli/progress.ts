/** A line that tells how far something is. */
export interface Progress {
  /** Shows the text in place of the one before, at most ten times a second. */
  update(text: string): void
  /** Takes the line away. */
  done(): void
}

const everyMs = 100

/** Writes only to a terminal: a log would fill with lines that nobody reads. */
export function createProgress(stream: NodeJS.WriteStream, wanted: boolean): Progress {
  if (!wanted || stream.isTTY !== true) return { update: () => undefined, done: () => undefined }
  let shownAt = Number.NEGATIVE_INFINITY

  return {
    update(text) {
      const now = performance.now()
      if (now - shownAt < everyMs) return
      shownAt = now
      stream.write(`\r\x1b[2K${text.slice(0, (stream.columns || 80) - 1)}`)
    },
    done() {
      if (shownAt > Number.NEGATIVE_INFINITY) stream.write('\r\x1b[2K')
    },
  }
}
