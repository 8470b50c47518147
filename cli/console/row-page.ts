import { html } from 'hono/html'
import { table } from '../pages/html.ts'
import { deliveryPath } from './delivery-page.ts'
import { notice, type PageOf } from './view.ts'

/** One row of the table of deliveries with every attribute, as the cloud console shows it. */
export const rowPage: PageOf = async ({ words, ledger }, asked) => {
  const [recipient = '', message = ''] = [asked('recipient'), asked('message')]
  const attributes =
    recipient === '' || message === '' ? [] : await ledger.store.rawRow({ recipient, message })
  if (attributes.length === 0) {
    return { title: words.rawRowTitle, section: '/', body: notice(words.noSuchMail), status: 404 }
  }
  const { attribute, type, value } = words.columns
  return {
    title: words.rawRowTitle,
    section: '/',
    body: html`<p><a href="${deliveryPath({ recipient, message })}">${words.back}</a></p>
      ${table(
        ledger.store.tables.deliveries,
        [{ name: attribute, isWhole: true }, { name: type, isWhole: true }, value],
        attributes.map((one) => [
          one.name,
          one.type,
          html`${one.values.map((text) => html`<div>${text}</div>`)}`,
        ]),
      )}`,
  }
}
