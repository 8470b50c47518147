/** Ends a test run with plain lines that any build system can read: each skipped test, and `N passed, N failed, N skipped`. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } =
      results
    const failed = numFailedTests + numRuntimeErrorTestSuites
    const skipped = results.testResults
      .flatMap(({ testResults }) => testResults)
      .filter(({ status }) => status === 'pending' || status === 'todo')
      .map(({ fullName }) => `skipped: ${fullName}\n`)
    // At exit, since jest prints its own summary after its reporters.
    process.once('exit', () => {
      process.stdout.write(
        `${skipped.join('')}${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped\n`,
      )
    })
  }
}
