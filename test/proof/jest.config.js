import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// `npm run test:proof`: the tests of this folder, and those of `npm test` that have a choice: how often they try what is random
// (test/strength.ts), or whether their ledger is in memory or the tables (quickWorldAt).

const root = fileURLToPath(new URL('../..', import.meta.url))
const { jest } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

const hasChoice = (path) => /\/strength\.ts'|quickWorldAt/.test(readFileSync(`${root}test/${path}`, 'utf8'))
const withChoice = readdirSync(`${root}test`, { recursive: true }).filter(
  (path) =>
    path.endsWith('.test.ts') && !/^(?:aws|tencent|relay|proof|pages)\//.test(path) && hasChoice(path),
)

export default {
  ...jest,
  rootDir: root,
  testMatch: ['<rootDir>/test/proof/**/*.test.ts', ...withChoice.map((path) => `<rootDir>/test/${path}`)],
  testPathIgnorePatterns: ['/node_modules/'],
}
