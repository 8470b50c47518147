import { html } from 'hono/html'
import type { Context } from 'hono'
import type { Environment } from '../../lib/runtime/config.ts'
import { CommandError } from '../command-error.ts'
import type { LocalTimes } from '../local-time.ts'
import type { OpenLedger } from '../open-ledger.ts'
import type { Html } from '../pages/html.ts'
import type { Words } from '../pages/words.ts'
import type { Deployment } from './deployment.ts'
import type { StatisticsReading } from './statistics-reading.ts'

/** What every page of the console is made with. */
export interface View {
  readonly ledger: OpenLedger
  readonly deployment: Deployment
  /** Settings of the deployment, as commands by hand use them. */
  readonly environment: Environment
  readonly words: Words
  readonly times: LocalTimes
  readonly mayChange: boolean
  readonly statistics: StatisticsReading
}

/** What a page shows within the frame. */
export interface Page {
  readonly title: string
  /** The path of its entry in the menu. */
  readonly section: string
  readonly body: Html
  /** Default: 200. */
  readonly status?: 200 | 400 | 403 | 404 | 409 | 500
  /** Seconds after which it is loaded again. */
  readonly refreshSeconds?: number
}

/** A page from what was asked; fields of a form are those of its body. */
export type PageOf = (view: View, asked: Asked) => Promise<Page>

/** What was asked for: absent and empty fields are `undefined`; the last of several counts. */
export type Asked = (name: string) => string | undefined

/** The longest field that is read. */
const maxFieldLength = 2_000

/** Fields of the query, and of the form of a change. Throws {@link CommandError} for what is no form. */
export async function askedIn(c: Context): Promise<Asked> {
  const form = c.req.method === 'POST' ? await formIn(c) : {}
  return (name) => {
    const value = form[name] ?? c.req.query(name)
    const text = typeof value === 'string' ? value.trim().slice(0, maxFieldLength) : ''
    return text === '' ? undefined : text
  }
}

async function formIn(c: Context): ReturnType<Context['req']['parseBody']> {
  try {
    return await c.req.parseBody()
  } catch {
    throw new CommandError('The form could not be read.')
  }
}

/** The id of a body or an inbound mail. A shortened one is for the commands: it takes a scan. */
export function wholeId(asked: Asked): string | undefined {
  const id = asked('id') ?? ''
  return /^[0-9a-f]{64}$/.test(id) ? id : undefined
}

/** A sentence that stands out. */
export function notice(words: string, kind: 'good' | 'bad' | 'warn' | 'plain' = 'plain'): Html {
  return html`<p class="notice ${kind}" role="status">${words}</p>`
}

/** A field of a form with its label. */
export function field(label: string, id: string, input: Html, isWide = false): Html {
  return html`<div class="field ${isWide ? 'wide' : ''}"><label for="${id}">${label}</label>${input}</div>`
}

/** A choice of one of several, of which none may be the first. */
export function choice(
  id: string,
  options: readonly (readonly [value: string, shown: string])[],
  chosen: string | undefined,
): Html {
  return html`<select id="${id}" name="${id}">
    ${options.map(
      ([value, shown]) =>
        html`<option value="${value}" ${value === (chosen ?? '') ? 'selected' : ''}>${shown}</option>`,
    )}
  </select>`
}
