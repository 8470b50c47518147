import type { Environment } from '../../lib/runtime/config.ts'
import type { Store } from '../../lib/store/ports.ts'
import { isLocal } from '../../local/local-environment.ts'
import type { OpenLedger } from '../open-ledger.ts'

/** Which deployment one looks at. */
export interface Deployment {
  readonly name: string
  /** `local` for the local stack. */
  readonly stage: string
  readonly isLocal: boolean
  readonly storeKind: Store['kind']
  /** Region and account of AWS; host and database of PostgreSQL. */
  readonly region: string
  readonly account: string
}

export async function deploymentOf(
  { store, name }: Pick<OpenLedger, 'store' | 'name'>,
  environment: Environment,
): Promise<Deployment> {
  const place = await store.place()
  const isOfLocalStack = isLocal(environment)
  return {
    name,
    stage: isOfLocalStack ? 'local' : name.replace(/^delivery-ledger-/, ''),
    isLocal: isOfLocalStack,
    storeKind: store.kind,
    region: (store.kind === 'dynamodb' ? environment.AWS_REGION : undefined) ?? place.region,
    account: place.account,
  }
}

const knownStages: ReadonlyMap<string, string> = new Map([
  ['local', 'local'],
  ['dev', 'dev'],
  ['test', 'dev'],
  ['staging', 'staging'],
  ['prod', 'prod'],
  ['production', 'prod'],
])

const otherColors = 6

/** The class of a stage's color: that of production stands out, other stages each have one of six. */
export function stageClass(stage: string): string {
  const known = knownStages.get(stage)
  const sum = Buffer.from(stage).reduce((total, byte) => total + byte, 0)
  return `stage-${known ?? String(sum % otherColors)}`
}
