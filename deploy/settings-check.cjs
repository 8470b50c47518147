'use strict'

const ownSettings = require('./own-settings.cjs')
const commandLineParams = require('./command-line-params.cjs')
const typeScriptModule = require('./typescript-module.cjs')

/**
 * Adds the settings of settings.yml, and refuses, before anything is packaged, those with which the functions or the alarms would
 * not do what they are for.
 */
module.exports = class SettingsCheck {
  constructor(serverless, _options, { log }) {
    const usualValues = { ...serverless.configurationInput.params.default }
    const own = ownSettings(serverless.serviceDir, Object.keys(usualValues))
    // Variables are resolved after this, so a value may have some.
    for (const { stage, name, value } of own.set) {
      const isText = typeof usualValues[name] === 'string'
      serverless.extendConfiguration(['params', stage, name], isText ? String(value) : value)
    }
    const check = () => {
      const { functions, provider } = serverless.service
      const aws = serverless.getProvider('aws')
      const stage = aws.getStage()
      const { default: usual = {}, [stage]: ofStage = {} } = serverless.configurationInput.params
      const given = { ...ofStage, ...commandLineParams(serverless.processedInput.options.param) }
      const ofFile = own.problemsOf(stage)
      const problems =
        ofFile.length > 0
          ? ofFile
          : typeScriptModule('stage-settings.ts').problemsOf({
              usual,
              given,
              environments: Object.fromEntries(
                Object.keys(functions).map((name) => [
                  name,
                  { ...provider.environment, ...functions[name].environment },
                ]),
              ),
              region: aws.getRegion(),
              stage,
              functionNames: serverless.service.getAllFunctionsNames(),
            })
      this.settings = { ...usual, ...given }
      if (problems.length > 0) {
        throw new serverless.classes.Error(
          `The stage ${stage} cannot be deployed so:\n  ${problems.join('\n  ')}`,
        )
      }
      const settings = Object.values(functions).flatMap(({ environment }) => Object.keys(environment))
      for (const name of settings) {
        if (/^(?:CALLBACK|QUERY)_TOKEN_SHA256/.test(name) && process.env[name]) {
          log.notice(`${name} is set in this shell: it is deployed, and not the parameter of that name.`)
        }
      }
    }
    const sayWhoIsNotified = () => {
      const { alarms, alarmEmail } = this.settings
      if (alarms === 'on' && alarmEmail === '') {
        log.warning('Alarms notify nobody: set alarmEmail in settings.yml, and deploy again.')
      }
    }
    this.hooks = { 'before:package:initialize': check, 'after:deploy:deploy': sayWhoIsNotified }
  }
}
