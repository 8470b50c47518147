'use strict'

const { mkdirSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const callbackPaths = require('../callback-paths.cjs')
const commandLineParams = require('../command-line-params.cjs')
const ownSettings = require('../own-settings.cjs')
const typeScriptModule = require('../typescript-module.cjs')

const file = 'settings.tencent.yml'
const usualPollMs = 2_000
const whatTokenIs = 'the first line that `npx ledger token new` printed'

const text = { type: 'string' }
const number = { type: 'number' }
const textOrNumber = { anyOf: [text, number] }
const environment = { type: 'object', additionalProperties: textOrNumber }

/**
 * The provider `tencent` of serverless.tencent.yml: packages the functions, deploys them to SCF by Tencent's own SDK, shows the
 * callback URLs, and removes the functions. The tables are left alone.
 */
module.exports = class TencentProvider {
  static getProviderName() {
    return 'tencent'
  }

  constructor(serverless, _options, { log, writeText }) {
    this.serverless = serverless
    this.log = log
    this.writeText = writeText
    serverless.setProvider('tencent', this)
    defineSchema(serverless.configSchemaHandler)
    this.addOwnSettings()
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => this.package(),
      'deploy:deploy': () => this.deploy(),
      'info:info': () => this.info(),
      'remove:remove': () => this.remove(),
    }
  }

  /** Before variables are resolved, so a value may have some. */
  addOwnSettings() {
    const { serverless } = this
    const usualValues = serverless.configurationInput.params.default
    this.own = ownSettings(serverless.serviceDir, Object.keys(usualValues), file)
    for (const { stage, name, value } of this.own.set) {
      const isText = typeof usualValues[name] === 'string'
      serverless.extendConfiguration(['params', stage, name], isText ? String(value) : value)
    }
  }

  get stage() {
    const { serverless } = this
    return serverless.processedInput.options.stage ?? serverless.service.provider.stage ?? 'dev'
  }

  nameOf(name) {
    return `${this.serverless.service.service}-${this.stage}-${name}`
  }

  get names() {
    return Object.keys(this.serverless.service.functions)
  }

  async package() {
    const { serverless } = this
    const { packages } = typeScriptModule('tencent/bundle.ts', { packages: 'external' })
    const folder = join(serverless.serviceDir, '.serverless')
    mkdirSync(folder, { recursive: true })
    this.zips = await packages(serverless.serviceDir)
    for (const name of this.names) {
      const artifact = join(folder, `${this.nameOf(name)}.zip`)
      writeFileSync(artifact, this.zips.get(name))
      serverless.service.functions[name].package = { artifact }
    }
  }

  reached() {
    const { scf } = require('tencentcloud-sdk-nodejs-scf')
    const { scfClient } = typeScriptModule('tencent/client.ts')
    const { region } = this.serverless.service.provider
    const pollMs = Number(process.env.TENCENTCLOUD_SCF_POLL_MS ?? usualPollMs)
    return {
      client: scfClient(scf.v20180416.Client, process.env, region),
      wait: () => sleep(pollMs),
      say: (line) => this.log.notice(line),
    }
  }

  get deployment() {
    return (this.loaded ??= typeScriptModule('tencent/deployment.ts'))
  }

  async deploy() {
    await this.orError(async () => {
      this.requireNone(this.own.problemsOf(this.stage))
      const reached = this.reached()
      const found = await this.deployment.standing(
        reached,
        this.names.map((name) => this.nameOf(name)),
      )
      const wanted = this.wanted(found)
      const obstacles = this.deployment.obstacles([...wanted.values()], found)
      if (obstacles.length > 0) throw new Error(obstacles.join('\n'))
      let url
      for (const [name, one] of wanted) {
        const made = await this.deployment.bringUp(reached, one, found.get(this.nameOf(name)))
        url ??= made
      }
      this.show(url, wanted.get('ingest').environment)
    })
  }

  /** Throws before anything is made where a setting is wrong. */
  wanted(found) {
    const { serverless, stage } = this
    const { functions, provider } = serverless.service
    const { environmentOf, problemsOf, usualCron } = typeScriptModule('tencent/settings.ts')
    const environments = Object.fromEntries(
      this.names.map((name) => [
        name,
        environmentOf(name, {
          file: { ...provider.environment, ...functions[name].environment },
          shell: process.env,
          deployed: this.deployment.variablesOf(found.get(this.nameOf(name))),
        }),
      ]),
    )
    const { default: usual = {}, [stage]: ofStage = {} } = serverless.configurationInput.params
    const given = { ...ofStage, ...commandLineParams(serverless.processedInput.options.param) }
    const functionNames = this.names.map((name) => this.nameOf(name))
    const endpoint = process.env.TENCENTCLOUD_SCF_ENDPOINT
    this.requireNone(problemsOf({ usual, given, environments, functionNames, endpoint }))
    return new Map(
      this.names.map((name) => {
        const { memorySize, timeout, description, concurrency, asynchronous, url, schedule } = functions[name]
        const instances = Number(concurrency)
        return [
          name,
          {
            name: this.nameOf(name),
            description,
            zip: this.zips.get(name),
            handler: 'index.main_handler',
            runtime: provider.scfRuntime,
            memoryMb: memorySize,
            timeoutSeconds: timeout,
            environment: environments[name],
            role: provider.role,
            network:
              provider.vpcId === '' ? undefined : { vpcId: provider.vpcId, subnetId: provider.subnetId },
            logset: provider.logset,
            logTopic: provider.logTopic,
            concurrencyMb: Number.isInteger(instances) ? instances * memorySize : undefined,
            asynchronous,
            hasUrl: url === true,
            cron: schedule === undefined ? undefined : schedule || usualCron(environments[name]),
          },
        ]
      }),
    )
  }

  /** Throws where there is any problem. */
  requireNone(problems) {
    if (problems.length === 0) return
    throw new Error(`The stage ${this.stage} cannot be deployed so:\n  ${problems.join('\n  ')}`)
  }

  async info() {
    await this.orError(async () => {
      const reached = this.reached()
      const name = this.nameOf('ingest')
      const found = await this.deployment.standing(reached, [name])
      if (found.get(name) === undefined) throw new Error(`There is no function ${name} in this region.`)
      const url = await this.deployment.urlOf(reached.client, name)
      this.show(url, this.deployment.variablesOf(found.get(name)))
    })
  }

  async remove() {
    await this.orError(async () => {
      const reached = this.reached()
      for (const name of this.names) {
        const isRemoved = await this.deployment.removeFunction(reached, this.nameOf(name))
        this.log.notice(`${this.nameOf(name)}: ${isRemoved ? 'removed' : 'there was none'}`)
      }
      this.log.notice('The tables stay.')
    })
  }

  show(url, variables) {
    if (url === undefined) throw new Error(`${this.nameOf('ingest')} has no URL yet: deploy again.`)
    const urls = callbackPaths(url, variables).map((one) => `  ${one}`)
    this.writeText(['callback URLs:', ...urls, `  <token>: ${whatTokenIs}`, ''].join('\n'))
  }

  /** What went wrong, without where in the code. */
  async orError(run) {
    try {
      await run()
    } catch (error) {
      throw new this.serverless.classes.Error(error.message)
    }
  }
}

function defineSchema(handler) {
  handler.defineProvider('tencent', {
    provider: {
      properties: {
        region: text,
        scfRuntime: text,
        role: text,
        vpcId: text,
        subnetId: text,
        logset: text,
        logTopic: text,
        environment,
      },
    },
    function: {
      properties: {
        handler: text,
        description: text,
        memorySize: number,
        timeout: number,
        concurrency: textOrNumber,
        asynchronous: {
          type: 'object',
          properties: { retries: number, maxAgeSeconds: number },
          additionalProperties: false,
        },
        url: { type: 'boolean' },
        schedule: text,
        environment,
      },
    },
  })
}
