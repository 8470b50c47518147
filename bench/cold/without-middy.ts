// In one variant this takes the place of `@middy/core`: what our two stacks use of it, without the package.

interface Middleware {
  readonly onError?: (request: { readonly error: unknown; response?: unknown }) => void
}

interface Stack {
  (event: unknown, context: unknown): Promise<unknown>
  use: (middleware: Middleware) => Stack
  handler: (answer: (event: unknown, context: unknown) => Promise<unknown>) => Stack
}

// ts-unused-exports:disable-next-line
export default function middy(): Stack {
  const added: Middleware[] = []
  let inner: Parameters<Stack['handler']>[0] = () => Promise.resolve(undefined)
  const stack = async (event: unknown, context: unknown): Promise<unknown> => {
    try {
      return await inner(event, context)
    } catch (error) {
      const request: { error: unknown; response?: unknown } = { error }
      for (const { onError } of added) onError?.(request)
      if (request.response === undefined) throw error
      return request.response
    }
  }
  const built: Stack = Object.assign(stack, {
    use(middleware: Middleware) {
      added.push(middleware)
      return built
    },
    handler(answer: typeof inner) {
      inner = answer
      return built
    },
  })
  return built
}
