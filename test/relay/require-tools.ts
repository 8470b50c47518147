import { spawnSync } from 'node:child_process'
import { toolEnvironment as env } from './tools.ts'

// Runs before the tests: what is missing is reported in one sentence, and by no test that was left out.

const missing = ['nginx', 'openssl'].filter((tool) => spawnSync(tool, ['-v'], { env }).error)
if (missing.length > 0) {
  process.stderr.write(
    `The tests of the relay need ${missing.join(' and ')}: install it ('apt-get install nginx openssl').\n`,
  )
  process.exitCode = 1
}
