import type { Browser, Page } from 'puppeteer-core'
import { pageWith, type Look } from './browser.ts'
import type { PagesWorld } from './world.ts'

/** A page that the console has let in. */
export async function openConsole(browser: Browser, { url }: PagesWorld, look: Look): Promise<Page> {
  const page = await pageWith(browser, look)
  await page.goto(url)
  return page
}

/** Opens a path of the console, and returns how it was answered. */
export async function open(page: Page, path: string): Promise<number> {
  const response = await page.goto(new URL(path, page.url()).href)
  return response?.status() ?? 0
}

/** The first link of a page that begins so, and holds a part. */
export async function linkIn(page: Page, path: string, start: string, part = ''): Promise<string> {
  await open(page, path)
  const links = (await page.evaluate(
    `[...document.querySelectorAll('main a')].map((link) => link.getAttribute('href'))`,
  )) as readonly string[]
  const found = links.find((link) => link.startsWith(start) && link.includes(part))
  if (found === undefined) throw new Error(`${path} has no link that begins with ${start}.`)
  return found
}
