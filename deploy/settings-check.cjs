'use strict'

const typeScriptModule = require('./typescript-module.cjs')

/** Refuses, before anything is packaged, settings with which the functions or the alarms would not do what they are for. */
module.exports = class SettingsCheck {
  constructor(serverless, _options, { log }) {
    const check = () => {
      const { functions, provider } = serverless.service
      const aws = serverless.getProvider('aws')
      const stage = aws.getStage()
      const { default: usual = {}, [stage]: ofStage = {} } = serverless.configurationInput.params
      const given = { ...ofStage, ...ofCommandLine(serverless.processedInput.options.param) }
      const problems = typeScriptModule('stage-settings.ts').problemsOf({
        usual,
        given,
        environments: Object.fromEntries(
          ['ingest', 'reconcile'].map((name) => [
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
      for (const name of Object.keys(functions.ingest.environment)) {
        if (name.startsWith('CALLBACK_TOKEN_SHA256') && process.env[name]) {
          log.notice(`${name} is set in this shell: it is deployed, and not the parameter of that name.`)
        }
      }
    }
    const sayWhoIsNotified = () => {
      const { alarms, alarmEmail } = this.settings
      if (alarms === 'on' && alarmEmail === '') {
        log.warning('Alarms notify nobody: set alarmEmail in serverless.yml, and deploy again.')
      }
    }
    this.hooks = { 'before:package:initialize': check, 'after:deploy:deploy': sayWhoIsNotified }
  }
}

/** `retentionDays=90`, as often as it was said. */
function ofCommandLine(given = []) {
  const pairs = [given].flat().map((text) => /^([^=]+)=(.*)$/s.exec(text) ?? [])
  return Object.fromEntries(pairs.map(([, name, value]) => [name, value]))
}
