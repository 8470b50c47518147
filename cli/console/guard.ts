import { randomBytes, timingSafeEqual } from 'node:crypto'
import { getCookie, setCookie } from 'hono/cookie'
import type { MiddlewareHandler } from 'hono'

/** Lets in whoever has the token, from this machine alone. */
interface Guard {
  /** For the first URL. */
  readonly token: string
  readonly middleware: MiddlewareHandler
}

/** Where the console is asked from; a name that a stranger's DNS leads here is none of them. */
type Origins = () => readonly string[]

/** Who may ask by the browser's own word: the console's pages, and whoever typed or opened the URL. Source: W3C Fetch Metadata. */
const ownSites: ReadonlySet<string> = new Set(['same-origin', 'none'])

/**
 * - Another `Host` than those given is refused: a page of a stranger whose name resolves to this machine is not ours (DNS
 *   rebinding).
 * - A foreign `Origin` is refused, and a change without one.
 * - So is what a page of another site or port asks for, which would read and cost something.
 * - The token in the first URL becomes a cookie that no script reads and no other site sends; it leaves the address bar.
 */
export function guardOf(origins: Origins, token = randomBytes(24).toString('base64url')): Guard {
  // A cookie is sent to every port of a host: two consoles must not take each other's.
  const session = randomBytes(24).toString('base64url')
  return {
    token,
    async middleware(c, next) {
      const known = origins()
      const { host } = new URL(c.req.url)
      const own = known.find((origin) => new URL(origin).host === (c.req.header('host') ?? host))
      if (own === undefined) return c.text('This console answers on its own address alone.\n', 403)
      const origin = c.req.header('origin')
      const isChange = c.req.method !== 'GET' && c.req.method !== 'HEAD'
      if (origin !== undefined ? origin !== own : isChange) {
        return c.text('A page of another site asked for this, or none said whose it is.\n', 403)
      }
      const cookie = `ledger-console-${new URL(own).port}`
      const given = c.req.query('t')
      if (given !== undefined && isEqual(given, token)) {
        setCookie(c, cookie, session, { httpOnly: true, sameSite: 'Strict', path: '/' })
        return c.redirect('/')
      }
      // A page of another port of this machine is of the same site, and sends the cookie.
      if (!ownSites.has(c.req.header('sec-fetch-site') ?? 'none')) {
        return c.text('A page of another site or port asked for this.\n', 403)
      }
      if (!isEqual(getCookie(c, cookie) ?? '', session)) {
        return c.text('Open the URL that `ledger console` printed.\n', 401)
      }
      await next()
      return undefined
    },
  }
}

function isEqual(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
