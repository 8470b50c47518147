'use strict'

/**
 * Takes the function `query`, and the resources whose names begin with its own, out of what is deployed where `queryApi` is not
 * on. A condition of CloudFormation does not suffice: no other resource may name one that osls makes, such as its log, unless
 * that is in the template.
 */
module.exports = class QueryApi {
  constructor(serverless) {
    this.hooks = {
      initialize: () => {
        const { service } = serverless
        if (service.custom.queryApi === 'on') return
        delete service.functions.query
        const { Resources } = service.resources
        for (const name of Object.keys(Resources)) if (name.startsWith('Query')) delete Resources[name]
      },
    }
  }
}
