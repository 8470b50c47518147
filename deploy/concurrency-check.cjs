'use strict'

const { GetAccountSettingsCommand, LambdaClient } = require('@aws-sdk/client-lambda')

/** What must stay for functions that reserve nothing (Lambda developer guide, "Configuring reserved concurrency"). */
const unreservedMinimum = 100

/**
 * Looks, before anything is deployed, whether the account can reserve what `ingestConcurrency` asks for. Many new ones cannot,
 * and CloudFormation would find out when half of the stack stands.
 */
module.exports = class ConcurrencyCheck {
  constructor(serverless, _options, { log }) {
    this.hooks = {
      'before:deploy:deploy': async () => {
        const wanted = Number(serverless.service.getFunction('ingest').reservedConcurrency ?? 0)
        if (wanted === 0) return
        const limit = await limitOf(serverless.getProvider('aws'), log)
        if (limit === undefined || limit - wanted >= Math.min(unreservedMinimum, limit)) return
        throw new serverless.classes.Error(
          `This account may run ${limit} functions at once, so it cannot reserve ${wanted} for ingest (${unreservedMinimum} have to stay for others). ` +
            'Deploy with --param=ingestConcurrency=none: the account itself is the cap then. Or ask for more: AWS console → Service Quotas → AWS Lambda → Concurrent executions.',
        )
      },
    }
  }
}

/** How many functions the account may run at once; `undefined` where that cannot be known. */
async function limitOf(provider, log) {
  const client = new LambdaClient(await provider.getAwsSdkV3Config())
  try {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}))
    return AccountLimit?.ConcurrentExecutions
  } catch (error) {
    log.warning(
      `The account's concurrency limit was not checked (${error.name}; it takes lambda:GetAccountSettings).`,
    )
    return undefined
  } finally {
    client.destroy()
  }
}
