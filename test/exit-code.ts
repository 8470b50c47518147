import { afterEach, beforeEach } from '@jest/globals'

// `process.exitCode` is the worker's: it stays from one test file to the next, and in the end fails a run that passed.
function forget(): void {
  process.exitCode = undefined
}

beforeEach(forget)
afterEach(forget)
