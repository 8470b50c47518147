import { existsSync } from 'node:fs'
import { launch, type Browser, type Page } from 'puppeteer-core'

/** Debian's chromium and chromium-shell, or what CHROMIUM names. */
const usualPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export function chromiumPath(): string | undefined {
  const named = process.env.CHROMIUM
  return named === undefined || named === '' ? usualPaths.find((path) => existsSync(path)) : named
}

/** A browser without a window. Its sandbox needs rights that a container may not have: it opens pages of this machine alone. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = chromiumPath()
  if (executablePath === undefined)
    throw new Error('There is no Chromium: test/pages/require-chromium.ts says how.')
  return launch({ executablePath, args: ['--no-sandbox', '--font-render-hinting=none'] })
}

export const schemes = ['light', 'dark'] as const

export type Scheme = (typeof schemes)[number]

export interface Look {
  readonly width: number
  readonly scheme: Scheme
}

/** Sizes of a desktop's window and of a phone. */
export const widths = [1280, 390] as const

export async function pageWith(browser: Browser, { width, scheme }: Look, height = 900): Promise<Page> {
  const page = await browser.newPage()
  await page.setViewport({ width, height, deviceScaleFactor: 1 })
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
  return page
}
