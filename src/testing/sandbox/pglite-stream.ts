import { Duplex } from 'node:stream'

const startup = 0
const flush = 'H'.charCodeAt(0)
const sync = 'S'.charCodeAt(0)
const query = 'Q'.charCodeAt(0)
const copyDone = 'c'.charCodeAt(0)
const copyFail = 'f'.charCodeAt(0)
const invitation = 'G'.charCodeAt(0)
const terminate = 'X'.charCodeAt(0)
/** Messages after which the server answers: what comes before them is collected. */
const answered = new Set([flush, sync, query, copyDone, copyFail])

/** What is needed of a PGlite, so that the types do without the package. */
export interface EmbeddedPostgres {
  runExclusive<T>(work: () => Promise<T>): Promise<T>
  execProtocolRaw(message: Uint8Array, options: { readonly syncToFs?: boolean }): Promise<Uint8Array>
}

/**
 * A socket whose other end is a PGlite in this process, for `new pg.Client({ stream })`: so everything that speaks pg's
 * protocol, with its types and errors, is the same on PGlite as on a server.
 */
export class PGliteStream extends Duplex {
  readonly #pglite: EmbeddedPostgres
  #received: Buffer = Buffer.alloc(0)
  #batch: Buffer[] = []
  #started = false
  #copying = false
  #working: Promise<unknown> = Promise.resolve()

  constructor(pglite: EmbeddedPostgres) {
    super()
    this.#pglite = pglite
  }

  connect(): this {
    setImmediate(() => this.emit('connect'))
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    this.#takeMessages()
    done()
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.push(null)
    done()
  }

  #takeMessages(): void {
    let at = 0
    while (this.#received.length - at >= 5) {
      // The first message has no type.
      const typed = this.#started ? 1 : 0
      const length = this.#received.readUInt32BE(at + typed) + typed
      if (this.#received.length - at < length) break
      const message = this.#received.subarray(at, at + length)
      at += length
      this.#take(this.#started ? (message[0] ?? startup) : startup, message)
      this.#started = true
    }
    this.#received = this.#received.subarray(at)
  }

  #take(type: number, message: Buffer): void {
    // The session outlives its client.
    if (type === terminate) return void this.#working.then(() => this.push(null))
    this.#batch.push(message)
    if (type === query && copyIn.test(message.toString('utf8', 5, 4_096))) {
      // PGlite reads the rows of a COPY with its statement or not at all, so the invitation to send them is ours.
      this.#copying = true
      this.#working = this.#working.then(() => this.push(copyInResponse))
      return
    }
    if (type !== startup && !answered.has(type)) return
    const batch = Buffer.concat(this.#batch)
    const copied = this.#copying
    this.#batch = []
    this.#copying = false
    this.#working = this.#working
      .then(() => this.#pglite.runExclusive(() => this.#exchange(batch, copied)))
      .catch((error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))))
  }

  async #exchange(batch: Buffer, copied: boolean): Promise<void> {
    const answer = await this.#pglite.execProtocolRaw(new Uint8Array(batch), { syncToFs: false })
    if (answer.length === 0 || this.destroyed) return
    this.push(copied ? withoutInvitation(Buffer.from(answer)) : Buffer.from(answer))
  }
}

const copyIn = /^\s*copy\b[\s\S]*\bfrom\s+stdin\b/i
// In text, with no word about the columns, which nobody reads.
const copyInResponse = Buffer.from([invitation, 0, 0, 0, 7, 0, 0, 0])

function withoutInvitation(answer: Buffer): Buffer {
  const kept: Buffer[] = []
  for (let at = 0; at < answer.length; ) {
    const length = answer.readUInt32BE(at + 1) + 1
    if (answer[at] !== invitation) kept.push(answer.subarray(at, at + length))
    at += length
  }
  return Buffer.concat(kept)
}
