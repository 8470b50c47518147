import { html } from 'hono/html'
import { printedLine } from '../../lib/core/text.ts'

/** Markup; all that it holds of strangers is escaped. */
export type Html = ReturnType<typeof html>

/** Nothing. */
export const nothing: Html = html``

interface Column {
  readonly name: string
  /** Figures stand to the right. */
  readonly isFigure?: boolean
  /** Is not broken into several lines. */
  readonly isWhole?: boolean
}

/** A cell: text of whomever, or markup of ours. */
export type Cell = string | Html

/** A table in a box of its own that scrolls, so that no page does. */
export function table(
  label: string,
  columns: readonly (Column | string)[],
  rows: readonly (readonly Cell[])[],
): Html {
  const heads = columns.map((column) => (typeof column === 'string' ? { name: column } : column))
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    <table>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col" class="${classOf(head)}">${head.name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map(
                (cell, place) =>
                  html`<td class="${classOf(heads[place] ?? { name: '' })}">
                    ${typeof cell === 'string' ? printedLine(cell) : cell}
                  </td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function classOf({ isFigure = false, isWhole = false }: Column): string {
  return [isFigure ? 'figure' : '', isWhole ? 'whole' : ''].filter((name) => name !== '').join(' ')
}

/** Names and values, one below the other. */
export function definitions(pairs: readonly (readonly [name: string, value: Cell])[]): Html {
  return html`<dl>
    ${pairs.map(
      ([name, value]) =>
        html`<div>
          <dt>${printedLine(name)}</dt>
          <dd>${typeof value === 'string' ? printedLine(value) : value}</dd>
        </div>`,
    )}
  </dl>`
}

/** A share as a bar: of 100, drawn without style of its own. */
export function bar(share: number): Html {
  const width = Math.max(0, Math.min(100, 100 * share)).toFixed(1)
  return html`<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
    <rect class="bar-ground" width="100" height="8" rx="1"></rect>
    <rect class="bar-share" width="${width}" height="8" rx="1"></rect>
  </svg>`
}

/** A path with a query: every value is encoded. */
export function path(to: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const set = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return set.length === 0 ? to : `${to}?${new URLSearchParams(set).toString()}`
}
