// What test files import from `@jest/globals` where no Jest runs them: its own parts, which keep what is described for
// in-process-runner.ts.
export { jestExpect as expect } from '@jest/expect'
export { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'jest-circus'
/** There are no mocks: what needs one fails in the first run, and is left out. */
export const jest = undefined
