/**
 * Ends a test run with plain lines that any build system can read: each skipped test, how long it took, and
 * `N passed, N failed, N skipped`.
 */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const {
      numPassedTests,
      numFailedTests,
      numPendingTests,
      numTodoTests,
      numRuntimeErrorTestSuites,
      startTime,
    } = results
    const failed = numFailedTests + numRuntimeErrorTestSuites
    const skipped = results.testResults
      .flatMap(({ testResults }) => testResults)
      .filter(({ status }) => status === 'pending' || status === 'todo')
      .map(({ fullName }) => `skipped: ${fullName}\n`)
    const seconds = Math.round((Date.now() - startTime) / 1_000)
    // At exit, since jest prints its own summary after its reporters.
    process.once('exit', () => {
      process.stdout.write(
        `${skipped.join('')}took ${seconds} s\n${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped\n`,
      )
    })
  }
}
