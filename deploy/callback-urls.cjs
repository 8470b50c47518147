'use strict'

// Prints the callback URLs whole, at the end of `serverless deploy` and `serverless info`, except for the token: only
// you and the provider may know that.

const whatTokenIs =
  'the first line that `npx ledger token new` printed. `npx ledger --stage <stage> urls --with-token` asks for it and prints the URLs whole.'

const providers = ['tencent-ses', 'sendcloud', 'sent']

module.exports = class CallbackUrls {
  constructor(serverless) {
    this.hooks = {
      'after:aws:info:displayEndpoints': () => {
        const url = serverless.serviceOutputs.get('endpoint')
        if (url === undefined) return
        const { environment } = serverless.service.functions.ingest
        const urls = providers.map(
          (provider) => `${new URL(`${provider}/`, url)}${tokenOf(provider, environment)}`,
        )
        serverless.serviceOutputs.set('callback URLs', urls)
        serverless.serviceOutputs.set('<token>', whatTokenIs)
      },
    }
  }
}

function tokenOf(provider, environment) {
  const own = environment[`CALLBACK_TOKEN_SHA256_${provider.toUpperCase().replaceAll('-', '_')}`]
  return own ? `<token for ${provider}>` : '<token>'
}
