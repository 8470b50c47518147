'use strict'

const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { CloudFormationClient } = require('@aws-sdk/client-cloudformation')
const { bringUpTables, tablesHeldBy } = require('./tables-stack.cjs')
const typeScriptModule = require('./typescript-module.cjs')

/** Between two looks at a change that is under way. */
const usualPollMs = 5_000

/**
 * The tables are a stack of their own, so that the functions can be removed and deployed again with the data there.
 * `serverless deploy` updates it before the functions' stack, and `serverless remove` leaves it alone.
 *
 * Where the functions' stack holds the tables still, as that of an earlier state of 0.1.0 does, they move: its update lets go of
 * them, and then the data stack takes them in. See docs/runbook.md, "To move the tables into a stack of their own".
 */
module.exports = class DataStack {
  constructor(serverless, _options, { log, progress }, pollMs = usualPollMs) {
    const aws = () => serverless.getProvider('aws')
    const name = () => `${aws().naming.getStackName()}-data`
    /** As it was packaged, where a package is deployed; without the indexes that its settings do not want. */
    const template = () =>
      typeScriptModule('wanted-indexes.ts').wantedTemplate(serverless.service.custom.dataStack)
    let isToMove = false

    const withCloudFormation = async (use) => {
      const cloudFormation = new CloudFormationClient(await aws().getAwsSdkV3Config())
      try {
        return await use({ cloudFormation, wait: () => sleep(pollMs) })
      } catch (error) {
        throw new serverless.classes.Error(error.message)
      } finally {
        cloudFormation.destroy()
      }
    }

    const bringUp = () =>
      withCloudFormation(async (reached) => {
        progress.get('main').notice(`Deploying the tables to stack ${name()}`)
        await bringUpTables(reached, {
          stack: name(),
          template: template(),
          tags: [{ Key: 'STAGE', Value: aws().getStage() }],
          role: aws().getCustomDeploymentRole(),
          say: (line) => log.notice(line),
        })
      })

    const beforeTheFunctions = async () => {
      const functionsStack = aws().naming.getStackName()
      const held = await withCloudFormation((reached) => tablesHeldBy(reached, functionsStack))
      const lost = held.filter(({ deletionPolicy }) => deletionPolicy !== 'Retain')
      if (lost.length > 0) {
        throw new serverless.classes.Error(
          `The stack ${functionsStack} holds tables still, and this deploy would delete them with all their rows: ${lost.map(({ table }) => table).join(', ')}. ` +
            'docs/runbook.md says how they move into a stack of their own, and how to do without them.',
        )
      }
      isToMove = held.length > 0
      if (!isToMove) return bringUp()
      log.notice(`The tables move from the stack ${functionsStack} into ${name()}. They stay as they are.`)
    }

    this.hooks = {
      'before:aws:package:finalize:saveServiceState': () => {
        const file = join(serverless.serviceDir, '.serverless', 'cloudformation-template-data-stack.json')
        serverless.utils.writeFileSync(file, template())
      },
      'before:deploy:deploy': beforeTheFunctions,
      'after:aws:deploy:deploy:updateStack': () => (isToMove ? bringUp() : undefined),
      'after:aws:info:displayServiceInfo': () => {
        if (serverless.processedInput.commands.join(' ') !== 'info') return
        serverless.serviceOutputs.set('data stack', name())
      },
      'after:remove:remove': () => {
        log.notice(
          `The tables stay, in the stack ${name()}: the next deploy finds them. docs/deploy.md says how to delete them ("Remove").`,
        )
      },
    }
  }
}
