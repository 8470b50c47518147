import type { Provider } from '../providers/provider.ts'
import { isAcceptedToken } from './token-digest.ts'
import type { WebhookRequest, WebhookResponse } from './ports.ts'
import * as responses from './responses.ts'

interface Paths {
  readonly providers: readonly Provider[]
  /** By provider, the SHA-256 digests, in hex, of the tokens accepted in its path. */
  readonly tokenDigests: ReadonlyMap<string, readonly string[]>
}

/** The provider of the path, and whether the token in it is accepted. */
export type Access =
  | { readonly hasValidToken: true; readonly provider: Provider }
  | { readonly hasValidToken: false; readonly provider?: Provider; readonly refusal: WebhookResponse }

/** Checks only path, method and token: `POST /<provider>/<token>`. */
export function authenticate(request: WebhookRequest, { providers, tokenDigests }: Paths): Access {
  // A function URL ends in a slash, so joining by hand makes two.
  const [name, token, ...rest] = request.path.split('/').filter((part) => part !== '')
  const provider = providers.find((known) => known.name === name)
  if (!provider || rest.length > 0) return { hasValidToken: false, refusal: responses.notFound() }
  if (!['GET', 'HEAD', 'POST'].includes(request.method)) {
    return { hasValidToken: false, provider, refusal: responses.methodNotAllowed() }
  }
  if (token === undefined || !isAcceptedToken(token, tokenDigests.get(provider.name) ?? [])) {
    return { hasValidToken: false, provider, refusal: responses.unauthorized() }
  }
  return { hasValidToken: true, provider }
}
