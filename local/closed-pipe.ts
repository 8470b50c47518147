/** How a stream says that whoever reads it is gone: a pipe that was closed, a terminal that was. */
const nobodyReads: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO'])

/** Calls `end`, once, where nobody reads any more what is printed: `head` has seen enough, or a terminal is closed. */
export function whenNobodyReads(end: () => void): void {
  let isOver = false
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!nobodyReads.has(error.code)) throw error
      if (isOver) return
      isOver = true
      end()
    })
  }
}
