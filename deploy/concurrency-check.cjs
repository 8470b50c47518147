'use strict'

const {
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  LambdaClient,
} = require('@aws-sdk/client-lambda')

/** What must stay for functions that reserve nothing (Lambda developer guide, "Configuring reserved concurrency"). */
const unreservedMinimum = 100

/**
 * Looks, before anything is deployed, whether the account can reserve what `ingestConcurrency` and `queryConcurrency` ask for.
 * Many new ones cannot, and CloudFormation would find out when half of the stack stands.
 */
module.exports = class ConcurrencyCheck {
  constructor(serverless, _options, { log }) {
    this.hooks = {
      'before:deploy:deploy': async () => {
        const { functions } = serverless.service
        const reserving = Object.keys(functions).filter((name) => functions[name].reservedConcurrency > 0)
        if (reserving.length === 0) return
        const wanted = sumOf(reserving.map((name) => functions[name].reservedConcurrency))
        const names = reserving.map((name) => functions[name].name)
        const account = await concurrencyOf(serverless.getProvider('aws'), names, log)
        if (account === undefined) return
        const { limit, unreserved, ours } = account
        if (unreserved + ours - wanted >= Math.min(unreservedMinimum, limit)) return
        throw new serverless.classes.Error(
          `This account may run ${limit} functions at once, ${unreserved + ours} of them unreserved, so it cannot reserve ${wanted} for ${reserving.join(' and ')}: Lambda wants ${unreservedMinimum} left for others. ` +
            `Deploy with ${reserving.map((name) => `--param="${name}Concurrency=none"`).join(' ')}: the account itself is the cap then. Or ask for more: AWS console → Service Quotas → AWS Lambda → Concurrent executions.`,
        )
      },
    }
  }
}

/** How many functions may run at once, and how many of them nobody or our own functions have reserved; `undefined` where that cannot be known. */
async function concurrencyOf(provider, names, log) {
  const client = new LambdaClient(await provider.getAwsSdkV3Config())
  try {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}))
    const { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: unreserved } = AccountLimit
    return {
      limit,
      unreserved,
      ours: sumOf(await Promise.all(names.map((name) => reservedBy(client, name)))),
    }
  } catch (error) {
    log.warning(
      `Whether the account can reserve concurrency was not checked (${error.name}). It takes lambda:GetAccountSettings and lambda:GetFunctionConcurrency.`,
    )
    return undefined
  } finally {
    client.destroy()
  }
}

function sumOf(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0)
}

async function reservedBy(client, name) {
  try {
    const command = new GetFunctionConcurrencyCommand({ FunctionName: name })
    return (await client.send(command)).ReservedConcurrentExecutions ?? 0
  } catch (error) {
    // Not deployed yet.
    if (error.name === 'ResourceNotFoundException') return 0
    throw error
  }
}
