import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'puppeteer-core'
import { html, raw } from 'hono/html'
import { projectRoot, run } from '../running-command.ts'
import { pageWith, schemes, startBrowser, type Scheme } from './browser.ts'
import { linkIn, open, openConsole } from './opened.ts'
import { startPagesWorld, type PagesWorld } from './world.ts'

// `npm run images`: the pictures of the docs, from the same mail each time.

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const size = { width: 1280, height: 800 }

async function takeAll(browser: Browser, world: PagesWorld): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const scheme of schemes) {
    await takeConsole(browser, world, scheme)
    await takeTerminal(browser, world, scheme)
  }
  const chinese = { ...world, url: world.chineseUrl }
  const page = await openConsole(browser, chinese, { width: size.width, scheme: 'light' })
  await open(page, await bounceIn(browser, chinese))
  await take(page, 'console-zh')
  await page.close()
}

async function takeConsole(browser: Browser, world: PagesWorld, scheme: Scheme): Promise<void> {
  const page = await openConsole(browser, world, { width: size.width, scheme })
  await page.setViewport(size)
  await open(page, await bounceIn(browser, world))
  await take(page, `console-${scheme}`)
  await open(page, '/statistics?from=2026-11-02&to=2026-11-16')
  await take(page, `statistics-${scheme}`)
  await page.setViewport({ width: 390, height: 800 })
  await open(page, `/problems?day=${day}`)
  await take(page, `phone-${scheme}`)
  await page.close()
}

/** A day of which a mail with a subject bounced. */
const day = '2026-11-10'

/** A mail that bounced. */
async function bounceIn(browser: Browser, world: PagesWorld): Promise<string> {
  const page = await openConsole(browser, world, { width: size.width, scheme: 'light' })
  const tencent = '/delivery?recipient='
  const found = await linkIn(page, `/problems?day=${day}&status=bounced`, tencent, 'qcloudses')
  await page.close()
  return found
}

async function takeTerminal(browser: Browser, world: PagesWorld, scheme: Scheme): Promise<void> {
  const recipient = new URLSearchParams((await bounceIn(browser, world)).split('?')[1]).get('recipient') ?? ''
  const command = run(`npx ledger show ${recipient} --limit 2 --tz Asia/Shanghai`, {
    DYNAMODB_PORT: new URL(world.dynamoDbEndpoint).port,
    FORCE_COLOR: '1',
  })
  await command.exited
  const page = await pageWith(browser, { width: size.width, scheme }, 420)
  const text = `$ npx ledger show ${recipient} --limit 2\n${command.output()}`
  await page.setContent(String(await terminalPage(text, scheme)))
  await take(page, `terminal-${scheme}`)
  await page.close()
}

const grounds = { light: ['#ffffff', '#1b1f27'], dark: ['#14171c', '#e7eaf0'] } as const

/** What the colors of a terminal are called in the page. */
const codes = new Map([
  ['2', 'opacity:.6'],
  ['31', 'color:#d0433a'],
  ['32', 'color:#2f9a58'],
  ['33', 'color:#b97a10'],
])

function terminalPage(text: string, scheme: Scheme): ReturnType<typeof html> {
  const [ground, ink] = grounds[scheme]
  const parts = text.split(/\u001b\[(\d+)m/)
  const spans = parts.map((part, place) =>
    place % 2 === 1 ? '' : html`<span style="${codes.get(parts[place - 1] ?? '') ?? ''}">${part}</span>`,
  )
  return html`<body style="margin:0;background:${ground};color:${ink}">
    ${raw('<pre style="margin:0;padding:24px;font:14px/1.5 monospace;white-space:pre-wrap">')}${spans}${raw('</pre>')}
  </body>`
}

async function take(page: Awaited<ReturnType<typeof pageWith>>, name: string): Promise<void> {
  await page.screenshot({ path: `${folder}${name}.png` })
  process.stdout.write(`docs/images/${name}.png\n`)
}

process.chdir(projectRoot)
const world = await startPagesWorld()
const browser = await startBrowser()
try {
  await takeAll(browser, world)
} finally {
  await browser.close()
  await world.stop()
}
