import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { secureHeaders } from 'hono/secure-headers'
import { oneLine, withoutDirections } from '../../lib/core/text.ts'
import { close, listen } from '../../local/listening-server.ts'
import { CommandError, sentenceOf } from '../command-error.ts'
import { style } from '../pages/style.ts'
import { deliveryPage } from './delivery-page.ts'
import { framed } from './frame.ts'
import { guardOf } from './guard.ts'
import { inboundPage, letterPage } from './inbound-page.ts'
import { problemsCsv, problemsPage } from './problems-page.ts'
import { bodyPage, dismissPage, isDryRun, quarantinePage, replayPage } from './quarantine-page.ts'
import { rowPage } from './row-page.ts'
import { runsPage } from './runs-page.ts'
import { homePage, searchPage } from './search-page.ts'
import { countPage, statisticsPage } from './statistics-page.ts'
import { stuckPage } from './stuck-page.ts'
import { addSuppressionPage, removeSuppressionPage, suppressionsPage } from './suppressions-page.ts'
import { askedIn, notice, type Asked, type Page, type PageOf, type View } from './view.ts'

/** Reads nothing but what it is asked for, and changes nothing. */
const pages: Readonly<Record<string, PageOf>> = {
  '/': homePage,
  '/search': searchPage,
  '/delivery': deliveryPage,
  '/row': rowPage,
  '/problems': problemsPage,
  '/stuck': stuckPage,
  '/statistics': statisticsPage,
  '/suppressions': suppressionsPage,
  '/quarantine': quarantinePage,
  '/quarantine/body': bodyPage,
  '/inbound': inboundPage,
  '/inbound/mail': letterPage,
  '/runs': runsPage,
}

/** What is asked for by a form; `isChange`: only where changes are allowed. */
const forms: Readonly<
  Record<string, { readonly page: PageOf; readonly isChange: (asked: Asked) => boolean }>
> = {
  '/statistics': { page: countPage, isChange: () => false },
  '/suppressions/add': { page: addSuppressionPage, isChange: () => true },
  '/suppressions/remove': { page: removeSuppressionPage, isChange: () => true },
  '/quarantine/replay': { page: replayPage, isChange: (asked) => !isDryRun(asked) },
  '/quarantine/dismiss': { page: dismissPage, isChange: () => true },
}

/** The largest form. */
const maxFormBytes = 64 * 1024

// No script runs, nothing is loaded from elsewhere, no other site frames it. A form sends `Origin: null` under a policy of no
// referrer, so its own pages may know where they were called from.
const headers: Parameters<typeof secureHeaders>[0] = {
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  referrerPolicy: 'same-origin',
  strictTransportSecurity: false,
  xFrameOptions: 'DENY',
}

interface ConsoleApp {
  readonly app: Hono
  readonly token: string
}

/** @param origins - under which addresses it is reached */
export function consoleApp(view: View, origins: () => readonly string[]): ConsoleApp {
  const app = new Hono()
  const guard = guardOf(origins)
  const { respond, refuse } = responder(view)
  app.use(
    secureHeaders(headers),
    async (c, next) => {
      await next()
      c.header('Cache-Control', 'no-store')
    },
    guard.middleware,
    bodyLimit({ maxSize: maxFormBytes }),
  )
  app.get('/style.css', (c) => c.body(style, 200, { 'content-type': 'text/css; charset=utf-8' }))
  app.get('/problems.csv', async (c) => {
    const asked = await askedIn(c)
    const file = await problemsCsv(view, asked)
    // The page says what is wrong.
    if (file === undefined) return respond(asked, problemsPage)
    // With a byte order mark, without which Excel takes Chinese for another encoding.
    return c.body(`\uFEFF${file.csv}`, 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${file.name}"`,
    })
  })
  for (const [path, page] of Object.entries(pages)) {
    app.get(path, async (c) => respond(await askedIn(c), page))
  }
  for (const [path, { page, isChange }] of Object.entries(forms)) {
    app.post(path, async (c) => {
      const asked = await askedIn(c)
      return isChange(asked) && !view.mayChange
        ? refuse(view.words.startWithChanges, 403)
        : respond(asked, page)
    })
  }
  app.onError((error) => respond(nothingAsked, () => Promise.reject(error)))
  app.notFound(() => refuse(view.words.notFound, 404))
  return { app, token: guard.token }
}

const nothingAsked: Asked = () => undefined

interface Responder {
  readonly respond: (asked: Asked, pageOf: PageOf) => Promise<Response>
  readonly refuse: (why: string, status: 403 | 404) => Promise<Response>
}

/** Makes a page within its frame; what fails is a page that says so. */
function responder(view: View): Responder {
  const meter = view.ledger.store.readMeter()
  const { words, ledger } = view
  const failed = (error: unknown): Page => {
    const isExplained = error instanceof CommandError
    if (!isExplained) ledger.log('page failed', { problem: sentenceOf(error) })
    const body = notice(oneLine(sentenceOf(error)), 'bad')
    return { title: words.failed, section: '', body, status: isExplained ? 409 : 500 }
  }
  const respond: Responder['respond'] = (asked, pageOf) =>
    meter.measure(async (units) => {
      const page = await pageOf(view, asked).catch(failed)
      return new Response(withoutDirections(String(await framed(view, page, units()))), {
        status: page.status ?? 200,
        headers: {
          'content-type': 'text/html; charset=utf-8',
          ...(page.refreshSeconds !== undefined && { refresh: String(page.refreshSeconds) }),
        },
      })
    })
  return {
    respond,
    refuse: (why, status) =>
      respond(nothingAsked, () =>
        Promise.resolve({ title: words.failed, section: '', body: notice(why, 'bad'), status }),
      ),
  }
}

/** A console that listens on this machine alone. */
export interface RunningConsole {
  /** With the token: whoever has it is let in. */
  readonly url: string
  readonly close: () => Promise<void>
}

/**
 * @param port - 0: any that is free
 * @param what - names the console, and the setting of its port, where that is in use: throws {@link StartError}
 */
export async function startConsole(view: View, port: number, what: string): Promise<RunningConsole> {
  const origins: string[] = []
  const { app, token } = consoleApp(view, () => origins)
  const answer = getRequestListener(app.fetch)
  const server = createServer((request, response) => void answer(request, response))
  const bound = await listen(server, port, what)
  origins.push(`http://127.0.0.1:${bound}`, `http://localhost:${bound}`)
  return {
    url: `http://127.0.0.1:${bound}/?t=${token}`,
    async close() {
      await view.statistics.stop()
      await close(server)
    },
  }
}
