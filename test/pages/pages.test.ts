import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from 'puppeteer-core'
import { registerReport } from '../../cli/report.ts'
import { runInProcess } from '../cli/in-process.ts'
import { pageWith, schemes, startBrowser, widths } from './browser.ts'
import { faultsOf } from './looked-at.ts'
import { linkIn, open, openConsole } from './opened.ts'
import { startPagesWorld, type PagesWorld } from './world.ts'

// The console and a report in a real browser, with the mail of two weeks.

let world: PagesWorld
let browser: Browser
let folder: string

beforeAll(async () => {
  world = await startPagesWorld()
  browser = await startBrowser()
  folder = await mkdtemp(join(tmpdir(), 'pages-'))
}, 180_000)

afterAll(async () => {
  await browser.close()
  await world.stop()
  await rm(folder, { recursive: true, force: true })
})

const looks = widths.flatMap((width) => schemes.map((scheme) => ({ width, scheme })))

async function pathsOf(): Promise<ReadonlyMap<string, number>> {
  const page = await openConsole(browser, world, { width: 1280, scheme: 'light' })
  const problems = '/problems?day=2026-11-12'
  const found = [
    '/',
    '/search?q=nobody@example.com',
    problems,
    await linkIn(page, problems, '/delivery'),
    '/stuck?older=1h',
    '/statistics?from=2026-11-02&to=2026-11-16',
    '/suppressions',
    await linkIn(page, '/suppressions', '/suppressions?q='),
    '/quarantine',
    await linkIn(page, '/quarantine', '/quarantine/body'),
    '/inbound',
    await linkIn(page, '/inbound', '/inbound/mail'),
    '/runs',
  ]
  const mail = await linkIn(page, found[3] ?? '', '/search')
  const row = await linkIn(page, found[3] ?? '', '/row')
  await page.close()
  return new Map([...[...found, mail, row].map((path) => [path, 200] as const), ['/nowhere', 404]])
}

describe('every page of the console', () => {
  it('fits on desktop and phone, light and dark, and can be read by everybody', async () => {
    const faults: string[] = []
    const paths = await pathsOf()
    for (const look of looks) {
      const page = await openConsole(browser, world, look)
      const loud: string[] = []
      page.on('console', (message) => loud.push(message.text()))
      for (const [path, status] of paths) {
        loud.length = 0
        expect([path, await open(page, path)]).toEqual([path, status])
        // Of a page that is not there the browser says so.
        const said = status === 200 ? loud : []
        const found = [...said, ...(await faultsOf(page))]
        faults.push(...found.map((fault) => `${path} at ${look.width}, ${look.scheme}: ${fault}`))
      }
      await page.close()
    }
    expect(faults).toEqual([])
    expect(paths.size).toBe(16)
  }, 180_000)

  it('is reached by the keyboard alone, with the focus in sight', async () => {
    const page = await openConsole(browser, world, { width: 1280, scheme: 'light' })
    await open(page, '/problems?day=2026-11-12')
    const stops: string[] = []
    for (let stop = 0; stop < 60; stop += 1) {
      await page.keyboard.press('Tab')
      const focused = (await page.evaluate(`(() => {
        const { tagName, href, id } = document.activeElement
        const { outlineStyle } = getComputedStyle(document.activeElement)
        return tagName === 'BODY' ? '' : [tagName, href ?? id ?? '', outlineStyle].join(' ')
      })()`)) as string
      if (focused === '') break
      stops.push(focused)
    }
    expect(stops[0]).toMatch(/^A .*#content solid$/)
    expect(stops.filter((stop) => !stop.endsWith(' solid') && !stop.endsWith(' auto'))).toEqual([])
    expect(stops.some((stop) => stop.startsWith('INPUT day'))).toBe(true)
    expect(stops.some((stop) => stop.includes('/delivery?'))).toBe(true)
    await page.close()
  }, 60_000)

  it('takes an address on the list and off again by its forms', async () => {
    const page = await openConsole(browser, world, { width: 390, scheme: 'dark' })
    await open(page, '/suppressions?q=new@example.com')
    await page.type('#note', 'asked by phone')
    await Promise.all([page.waitForNavigation(), page.click('form.change button')])
    expect(await page.evaluate('document.body.innerText')).toContain('new@example.com is on the list.')
    await Promise.all([page.waitForNavigation(), page.click('form.change button')])
    expect(await page.evaluate('document.body.innerText')).toContain('new@example.com is off the list.')
    await page.close()
  }, 60_000)
})

describe('a report', () => {
  it('is one page that loads nothing, masks addresses, fits everywhere and can be read by everybody', async () => {
    const file = join(folder, 'report.html')
    const { code } = await runInProcess(
      registerReport,
      ['report', '--html', file, '--from', '2026-11-02', '--to', '2026-11-16', '--lang', 'zh'],
      { DYNAMODB_PORT: new URL(world.dynamoDbEndpoint).port },
    )
    expect(code).toBe(0)
    const text = await readFile(file, 'utf8')
    expect(text).not.toMatch(/[\w.+]{2,}@[\w.]+/)
    expect(text).not.toMatch(/<script|src=|href="(?!data:,")/)
    const faults: string[] = []
    for (const look of looks) {
      const page = await pageWith(browser, look)
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      page.on('console', (message) => faults.push(message.text()))
      await page.goto(pathToFileURL(file).href)
      faults.push(...(await faultsOf(page)).map((fault) => `${look.width} ${look.scheme}: ${fault}`))
      expect(asked.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(file).href])
      await page.close()
    }
    expect(faults).toEqual([])
  }, 120_000)
})
