import type { Command } from 'commander'
import { setVariables, type Environment } from '../lib/runtime/config.ts'
import { CommandError } from './command-error.ts'

/** Where serverless.yml deploys to if nothing names a region. */
const usualRegion = 'ap-southeast-1'

/** As many characters as leave room for the names of the functions: deploy/stage-settings.ts. */
const stageName = /^[A-Za-z0-9-]{1,38}$/

interface ChosenDeployment {
  readonly stage?: string
  readonly region?: string
}

/** Declares `--stage` and `--region`, before and after the name of any command; every help shows them. */
export function withStageOptions(program: Command): Command {
  return program
    .option(
      '--stage <stage>',
      'the deployment, as for `serverless`: prod means TABLE_PREFIX=delivery-ledger-prod',
    )
    .option('--region <region>', `its region (default: AWS_REGION; with --stage, else ${usualRegion})`)
    .configureHelp({ showGlobalOptions: true })
}

/**
 * The variables that name the deployment of `--stage` and `--region`. The region is chosen as `serverless` chooses it, so that a
 * profile's own region does not lead elsewhere.
 * @throws {CommandError} if the environment names another deployment
 */
export function variablesOfStage(environment: Environment, { stage, region }: ChosenDeployment): Environment {
  const { TABLE_PREFIX, AWS_REGION } = setVariables(environment)
  const ofRegion = region === undefined ? {} : { AWS_REGION: region }
  if (stage === undefined) return ofRegion
  if (!stageName.test(stage)) {
    throw new CommandError('--stage: expected a stage, such as prod: at most 38 letters, digits and hyphens.')
  }
  const prefix = `delivery-ledger-${stage}`
  if (TABLE_PREFIX !== undefined && TABLE_PREFIX !== prefix) {
    throw new CommandError(
      `--stage ${stage} means TABLE_PREFIX=${prefix}, but this shell sets TABLE_PREFIX=${TABLE_PREFIX}. Leave --stage out, or unset TABLE_PREFIX.`,
    )
  }
  return { TABLE_PREFIX: prefix, AWS_REGION: region ?? AWS_REGION ?? usualRegion }
}
