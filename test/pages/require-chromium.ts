import { chromiumPath } from './browser.ts'

// Runs before the tests: what is missing is reported in one sentence, and by no test that was left out.

if (chromiumPath() === undefined) {
  process.stderr.write(
    "The tests of the pages need Chromium: install it ('apt-get install chromium fonts-noto-cjk'), or name one by CHROMIUM.\n",
  )
  process.exitCode = 1
}
