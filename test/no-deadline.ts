/** For a function of which a test asks what it does, however slow the machine is. */
export const noDeadline = (): AbortSignal => new AbortController().signal
