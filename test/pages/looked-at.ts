import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'puppeteer-core'

// Both are evaluated past the page's own policy, which lets no script run.
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const layoutFaults = readFileSync(new URL('layout-faults.browser.js', import.meta.url), 'utf8')

interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string | null
    readonly nodes: readonly { readonly html: string }[]
  }[]
}

/** What a person would find wrong with a page, and what axe-core finds that is serious or critical; empty if nothing is. */
export async function faultsOf(page: Page): Promise<readonly string[]> {
  const ofLayout = (await page.evaluate(layoutFaults)) as readonly string[]
  await page.evaluate(axe)
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  return [...ofLayout, ...serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 120) ?? ''}`)]
}
